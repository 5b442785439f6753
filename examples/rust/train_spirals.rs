//! Trains a small network with candle and logs it to TensorBoard and an MLflow server at once, without a sidecar.
//!
//!     cargo run --release -- serve          # or any MLflow server
//!     cargo run -p trackside-examples --bin train_spirals -- ./tensorboard-logs http://127.0.0.1:5000
//!     tensorboard --logdir ./tensorboard-logs
//!
//! The data are two interleaved spirals, made here; the task is to tell them apart. Training never waits for a
//! destination: stop the MLflow server in between and the run goes on, start it again and it catches up.
//! The weights are an artifact of the run at the MLflow server; TensorBoard has no place for them.

use std::{io::Write, path::Path, sync::Arc, time::Duration};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::{AdamW, Linear, Module, Optimizer, ParamsAdamW, VarBuilder, VarMap, linear, loss};
use trackside_adapter_mlflow::{Config as MlflowConfig, MlflowTracker};
use trackside_adapter_tensorboard::{Config as TensorBoardConfig, TensorBoardTracker};
use trackside_core::{RunStatus, SystemClock};
use trackside_fanout::{
    Fanout,
    local::{ActiveRun, LocalFiles},
};

const POINTS_PER_SPIRAL: u16 = 200;
const HIDDEN: usize = 32;
const EPOCHS: i64 = 200;
const LEARNING_RATE: f64 = 0.01;
/// How long the destinations may take for what is left at the end.
const DEADLINE: Duration = Duration::from_mins(1);

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let directory = args.next().unwrap_or_else(|| "tensorboard-logs".to_owned());
    let url = args.next().unwrap_or_else(|| "http://127.0.0.1:5000".to_owned());

    let files = Arc::new(LocalFiles::default());
    let tensorboard = TensorBoardConfig { name: "tensorboard".to_owned(), directory: directory.into(), images: true };
    let recorder = Fanout::builder()
        .artifacts(files.clone())
        .sink(TensorBoardTracker::new(tensorboard, files.clone()))
        .sink(MlflowTracker::new(MlflowConfig::new("mlflow", url), files.clone(), Arc::new(SystemClock))?)
        .start()
        .await?;

    let run = recorder.start_run("spirals", "mlp").await?;
    let weights = std::env::temp_dir().join(format!("{}.safetensors", run.id()));
    let outcome = train(&run, &files, &weights).await;
    run.finish(if outcome.is_ok() { RunStatus::Finished } else { RunStatus::Failed }).await?;
    let fanout = recorder.fanout().clone();
    recorder.close(DEADLINE).await;
    let accuracy = outcome?;
    // Destinations read a file when it is its turn, so it stays until they are done.
    std::fs::remove_file(&weights)?;

    let mut out = std::io::stdout();
    writeln!(out, "accuracy {accuracy:.3}")?;
    for sink in fanout.status().await? {
        let (name, delivered, withheld, left) = (sink.name, sink.delivered, sink.withheld.total(), sink.lag.items);
        writeln!(out, "{name}: {delivered} delivered, {withheld} withheld, {left} left")?;
    }
    Ok(())
}

/// Logs params, two metrics per epoch and the weights; returns the last accuracy.
async fn train(run: &ActiveRun, files: &LocalFiles, weights: &Path) -> anyhow::Result<f32> {
    let device = Device::Cpu;
    let (inputs, labels) = spirals(&device)?;
    let variables = VarMap::new();
    let network = Network::new(&VarBuilder::from_varmap(&variables, DType::F32, &device))?;
    let params = ParamsAdamW { lr: LEARNING_RATE, ..ParamsAdamW::default() };
    let mut optimiser = AdamW::new(variables.all_vars(), params)?;
    let (lr, hidden) = (LEARNING_RATE.to_string(), HIDDEN.to_string());
    run.log_params(&[("lr", &lr), ("hidden", &hidden), ("optimiser", "AdamW")]).await?;

    let mut accuracy = 0.0;
    for epoch in 1..=EPOCHS {
        let logits = network.forward(&inputs)?;
        let loss = loss::cross_entropy(&logits, &labels)?;
        optimiser.backward_step(&loss)?;
        let right = logits.argmax(D::Minus1)?.eq(&labels)?.to_dtype(DType::F32)?;
        accuracy = right.mean_all()?.to_scalar::<f32>()?;
        let loss = f64::from(loss.to_scalar::<f32>()?);
        run.log_metrics(&[("loss", loss), ("accuracy", f64::from(accuracy))], epoch).await?;
    }
    variables.save(weights)?;
    files.log_artifact(run, weights, "model/weights.safetensors").await?;
    Ok(accuracy)
}

struct Network {
    layers: [Linear; 3],
}

impl Network {
    fn new(variables: &VarBuilder<'_>) -> candle_core::Result<Self> {
        let layer = |inputs, outputs, name| linear(inputs, outputs, variables.pp(name));
        Ok(Self { layers: [layer(2, HIDDEN, "in")?, layer(HIDDEN, HIDDEN, "middle")?, layer(HIDDEN, 2, "out")?] })
    }
}

impl Module for Network {
    fn forward(&self, inputs: &Tensor) -> candle_core::Result<Tensor> {
        let [first, middle, last] = &self.layers;
        last.forward(&middle.forward(&first.forward(inputs)?.tanh()?)?.tanh()?)
    }
}

/// Points on two spirals, and which spiral each is on.
fn spirals(device: &Device) -> candle_core::Result<(Tensor, Tensor)> {
    let mut points = Vec::new();
    let mut labels = Vec::new();
    for spiral in [0_u8, 1] {
        for n in 0..POINTS_PER_SPIRAL {
            let along = f32::from(n) / f32::from(POINTS_PER_SPIRAL);
            let angle = along * 2.0 * std::f32::consts::PI + f32::from(spiral) * std::f32::consts::PI;
            points.extend([along * angle.cos(), along * angle.sin()]);
            labels.push(u32::from(spiral));
        }
    }
    let n = labels.len();
    Ok((Tensor::from_vec(points, (n, 2), device)?, Tensor::from_vec(labels, n, device)?))
}
