//! Datasets and models that runs read or make.

use trackside_core::{Dataset, DatasetInput, Event, LoggedModelId, ModelOutput, Store};

use super::scene::{append, experiment, lone_run, read_run, run};
use crate::fixture::{dataset_input, tag_list};

fn tagged(input: DatasetInput, context: &str) -> DatasetInput {
    DatasetInput { tags: tag_list(&[("mlflow.data.context", context)]), ..input }
}

/// The same dataset by name and digest, described differently.
fn described_otherwise(input: &DatasetInput) -> DatasetInput {
    let dataset = Dataset {
        source_type: "http".to_owned(),
        source: "elsewhere".to_owned(),
        schema: None,
        profile: Some("other".to_owned()),
        ..input.dataset.clone()
    };
    DatasetInput { dataset, ..input.clone() }
}

pub async fn dataset_inputs_read_back_in_the_order_they_were_logged(store: &dyn Store) {
    let bare = DatasetInput {
        dataset: Dataset { schema: None, profile: None, source: String::new(), ..dataset_input("m", "").dataset },
        tags: vec![],
    };
    let inputs = [tagged(dataset_input("z", "1"), "training"), bare, tagged(dataset_input("a", "1"), "")];
    let id = lone_run(store, vec![Event::DatasetInputs(inputs[..2].into())]).await;
    append(store, &id, vec![Event::DatasetInputs(inputs[2..].into())]).await;
    assert_eq!(read_run(store, &id).await.dataset_inputs, inputs);
}

pub async fn a_dataset_is_told_apart_by_name_and_digest(store: &dyn Store) {
    let inputs = vec![dataset_input("d", "1"), dataset_input("d", "2"), dataset_input("D", "1")];
    let id = lone_run(store, vec![Event::DatasetInputs(inputs.clone())]).await;
    assert_eq!(read_run(store, &id).await.dataset_inputs, inputs);
}

pub async fn an_input_logged_twice_is_there_once_with_its_first_tags(store: &dyn Store) {
    let input = tagged(dataset_input("d", "1"), "training");
    let again = tagged(dataset_input("d", "1"), "validation");
    let id = lone_run(store, vec![Event::DatasetInputs(vec![input.clone(), again.clone(), input.clone()])]).await;
    append(store, &id, vec![Event::DatasetInputs(vec![again]), Event::DatasetInputs(vec![input.clone()])]).await;
    assert_eq!(read_run(store, &id).await.dataset_inputs, [input]);
}

pub async fn the_first_description_of_a_dataset_stays_within_its_experiment(store: &dyn Store) {
    let (first, second) = (experiment(store, "first").await, experiment(store, "second").await);
    let input = dataset_input("d", "1");
    let other = described_otherwise(&input);
    let describing = run(store, first, 1, vec![Event::DatasetInputs(vec![input.clone()])]).await;
    let repeating = run(store, first, 2, vec![Event::DatasetInputs(vec![tagged(other.clone(), "test")])]).await;
    let elsewhere = run(store, second, 3, vec![Event::DatasetInputs(vec![other.clone()])]).await;
    assert_eq!(read_run(store, &repeating).await.dataset_inputs, [tagged(input.clone(), "test")]);
    assert_eq!(read_run(store, &describing).await.dataset_inputs, [input]);
    assert_eq!(read_run(store, &elsewhere).await.dataset_inputs, [other]);
}

pub async fn model_inputs_and_outputs_read_back_in_the_order_they_were_logged(store: &dyn Store) {
    let models = [3, 1, 2].map(LoggedModelId::fresh);
    let outputs: Vec<_> = models
        .iter()
        .zip([i64::MAX, i64::MIN, 0])
        .map(|(model, step)| ModelOutput { model: model.clone(), step })
        .collect();
    let events = vec![Event::ModelInputs(models[..2].into()), Event::ModelOutputs(outputs[..1].into())];
    let id = lone_run(store, events).await;
    append(store, &id, vec![Event::ModelOutputs(outputs[1..].into()), Event::ModelInputs(models[2..].into())]).await;
    let read = read_run(store, &id).await;
    assert_eq!((read.model_inputs.as_slice(), read.model_outputs), (models.as_slice(), outputs));
}

pub async fn a_model_logged_twice_as_input_or_output_is_there_once(store: &dyn Store) {
    let model = LoggedModelId::fresh(1);
    let output = ModelOutput { model: model.clone(), step: 4 };
    let events = || vec![Event::ModelInputs(vec![model.clone(); 2]), Event::ModelOutputs(vec![output.clone(); 2])];
    let id = lone_run(store, events()).await;
    append(store, &id, events()).await;
    append(store, &id, vec![Event::ModelOutputs(vec![ModelOutput { model: model.clone(), step: 5 }])]).await;
    let read = read_run(store, &id).await;
    assert_eq!((read.model_inputs, read.model_outputs.len()), (vec![model], 1));
}
