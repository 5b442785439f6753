use trackside_core::{Error, ErrorKind, LatestMetric, Point, Result, store::SampleQuery};
use trackside_tensorboard_wire::{
    DataClass, SummaryMetadata,
    data_provider::{
        ListResponse, ListedRun, ListedTag, ReadScalarsResponse, ScalarRun, ScalarSeries, Scalars, Series,
        SeriesRequest,
    },
    wall_time,
};

use crate::{
    board::{Board, NamedRun},
    series::{n_points, plugin},
};

const PLUGIN: &str = "scalars";
/// Most points of one answer: 40 MB of it.
const MAX_ANSWER: usize = 2_000_000;

/// Which metrics there are.
pub(crate) async fn list(board: Board, request: SeriesRequest) -> Result<ListResponse> {
    if plugin(&request)? != PLUGIN {
        return Ok(ListResponse::default());
    }
    let page = board.page(&request.experiment_id).await?;
    let listed = |named: &NamedRun| {
        let tags: Vec<ListedTag> = wanted(&request, named).map(listed_tag).collect();
        (!tags.is_empty()).then(|| ListedRun { run_name: named.name.clone(), tags })
    };
    let runs = page.runs.iter().filter(|named| request.wants_run(&named.name));
    Ok(ListResponse { runs: runs.filter_map(listed).collect() })
}

/// Their points. One store transaction a series, none when only the last point is wanted.
pub(crate) async fn read(board: Board, request: SeriesRequest) -> Result<ReadScalarsResponse> {
    let limit = n_points(&request)?;
    if plugin(&request)? != PLUGIN {
        return Ok(ReadScalarsResponse::default());
    }
    let page = board.page(&request.experiment_id).await?;
    let mut n_read = 0;
    let mut runs = Vec::new();
    for named in page.runs.iter().filter(|named| request.wants_run(&named.name)) {
        let mut tags = Vec::new();
        for metric in wanted(&request, named) {
            let points = points(&board, named, metric, limit).await?;
            n_read += points.len();
            if n_read > MAX_ANSWER {
                let message = format!("more than {MAX_ANSWER} points; ask for fewer runs, metrics or samples at once");
                return Err(Error::new(ErrorKind::Throttled, message));
            }
            tags.push(ScalarSeries { tag_name: metric.key.as_str().to_owned(), data: Some(scalars(&points)) });
        }
        if !tags.is_empty() {
            runs.push(ScalarRun { run_name: named.name.clone(), tags });
        }
    }
    Ok(ReadScalarsResponse { runs })
}

async fn points(board: &Board, named: &NamedRun, metric: &LatestMetric, limit: usize) -> Result<Vec<Point>> {
    match limit {
        0 => Ok(Vec::new()),
        1 => Ok(vec![Point { step: in_hparams(metric.point.step), ..metric.point }]),
        _ => {
            let run = named.run.info.id.clone();
            let query = SampleQuery { run, key: metric.key.clone(), steps: None, limit };
            let samples = board.service.samples(vec![query]).await?;
            Ok(samples.into_iter().flat_map(|(_, points)| points).collect())
        }
    }
}

/// The HPARAMS tab asks for one point, and fails as a whole at a step of more than 32 bits (TensorBoard 2.21.0).
fn in_hparams(step: i64) -> i64 {
    step.clamp(i32::MIN.into(), i32::MAX.into())
}

fn scalars(points: &[Point]) -> Scalars {
    #[expect(clippy::cast_possible_truncation, reason = "TensorBoard's scalars are floats")]
    let value = points.iter().map(|point| point.value as f32).collect();
    Scalars {
        step: points.iter().map(|point| point.step).collect(),
        wall_time: points.iter().map(|point| wall_time(point.time)).collect(),
        value,
    }
}

fn wanted<'a>(request: &SeriesRequest, named: &'a NamedRun) -> impl Iterator<Item = &'a LatestMetric> {
    named.run.metrics.iter().filter(|metric| request.wants_tag(metric.key.as_str()))
}

fn listed_tag(metric: &LatestMetric) -> ListedTag {
    let metadata = Series {
        max_step: metric.point.step,
        max_wall_time: wall_time(metric.point.time),
        summary_metadata: Some(SummaryMetadata::new(PLUGIN, Vec::new(), DataClass::Scalar)),
    };
    ListedTag { tag_name: metric.key.as_str().to_owned(), metadata: Some(metadata) }
}
