//! What requests about series must say.

use trackside_core::{Error, Result};
use trackside_tensorboard_wire::data_provider::SeriesRequest;

/// Most points of one series.
const MAX_POINTS: i64 = 100_000;

/// Whose series are asked for. A plugin that has none is no fault.
pub(crate) fn plugin(request: &SeriesRequest) -> Result<&str> {
    let filter = request.plugin_filter.as_ref().ok_or_else(|| Error::invalid("no plugin is named"))?;
    Ok(&filter.plugin_name)
}

/// How many points of each are asked for.
pub(crate) fn n_points(request: &SeriesRequest) -> Result<usize> {
    let number = request.downsample.ok_or_else(|| Error::invalid("no number of points is given"))?.num_points;
    let negative = |_| Error::invalid(format!("{number} is no number of points"));
    usize::try_from(number.min(MAX_POINTS)).map_err(negative)
}

#[cfg(test)]
mod tests {
    use trackside_tensorboard_wire::data_provider::Downsample;

    use super::*;

    #[test]
    fn requests_say_whose_series_and_how_many_points() {
        let of = |num_points| SeriesRequest { downsample: Some(Downsample { num_points }), ..Default::default() };
        assert_eq!(n_points(&of(7)).unwrap(), 7);
        assert_eq!(n_points(&of(i64::MAX)).unwrap(), 100_000);
        assert!(n_points(&of(-1)).is_err() && n_points(&SeriesRequest::default()).is_err());
        assert!(plugin(&SeriesRequest::default()).is_err());
    }
}
