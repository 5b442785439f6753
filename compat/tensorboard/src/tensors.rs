use trackside_core::Result;
use trackside_tensorboard_wire::{
    DataClass, SummaryMetadata, TensorProto,
    data_provider::{
        ListResponse, ListedRun, ListedTag, ReadTensorsResponse, Series, SeriesRequest, TensorRun, TensorSeries,
        Tensors,
    },
    wall_time,
};

use crate::{
    board::{Board, NamedRun},
    run_page,
    series::{n_points, plugin},
};

const HPARAMS: &str = "hparams";
const TEXT: &str = "text";

/// A tag, what it is for, and its value where it has one.
type Tagged = (&'static str, SummaryMetadata, Option<String>);

/// Sessions of the HPARAMS tab, which are metadata alone, or texts.
pub(crate) async fn list(board: Board, request: SeriesRequest) -> Result<ListResponse> {
    let plugin = plugin(&request)?;
    let page = board.page(&request.experiment_id).await?;
    let listed = |named: &NamedRun| {
        let tags: Vec<_> = tagged(&request, plugin, named).map(|tagged| listed_tag(named, tagged)).collect();
        (!tags.is_empty()).then(|| ListedRun { run_name: named.name.clone(), tags })
    };
    let runs = page.runs.iter().filter(|named| request.wants_run(&named.name));
    Ok(ListResponse { runs: runs.filter_map(listed).collect() })
}

/// Their values: one each, as things stand now.
pub(crate) async fn read(board: Board, request: SeriesRequest) -> Result<ReadTensorsResponse> {
    let plugin = plugin(&request)?;
    if n_points(&request)? == 0 {
        return Ok(ReadTensorsResponse::default());
    }
    let page = board.page(&request.experiment_id).await?;
    let read = |named: &NamedRun| {
        let tags: Vec<_> = tagged(&request, plugin, named).map(|tagged| series(named, tagged)).collect();
        (!tags.is_empty()).then(|| TensorRun { run_name: named.name.clone(), tags })
    };
    let runs = page.runs.iter().filter(|named| request.wants_run(&named.name));
    Ok(ReadTensorsResponse { runs: runs.filter_map(read).collect() })
}

fn tagged(request: &SeriesRequest, plugin: &str, named: &NamedRun) -> impl Iterator<Item = Tagged> {
    let tagged: Vec<Tagged> = match plugin {
        HPARAMS => run_page::session(named).map(|(tag, metadata)| (tag, metadata, None)).into(),
        TEXT => {
            let metadata = SummaryMetadata::new(TEXT, Vec::new(), DataClass::Tensor);
            run_page::texts(named).into_iter().map(|(tag, text)| (tag, metadata.clone(), Some(text))).collect()
        }
        _ => Vec::new(),
    };
    tagged.into_iter().filter(|(tag, ..)| request.wants_tag(tag))
}

fn listed_tag(named: &NamedRun, (tag, metadata, _): Tagged) -> ListedTag {
    let series =
        Series { max_step: 0, max_wall_time: wall_time(named.run.info.started_at), summary_metadata: Some(metadata) };
    ListedTag { tag_name: tag.to_owned(), metadata: Some(series) }
}

fn series(named: &NamedRun, (tag, _, text): Tagged) -> TensorSeries {
    let data = Tensors {
        step: vec![0],
        wall_time: vec![wall_time(named.run.info.started_at)],
        value: vec![text.map_or_else(TensorProto::empty, TensorProto::text)],
    };
    TensorSeries { tag_name: tag.to_owned(), data: Some(data) }
}
