//! Variables that are recorded: those of a list, and those that were asked for. Never all, and never a secret.

use std::collections::BTreeMap;

use trackside_evidence::{Dimension, Gap, hide_in};

use super::capture::Request;

/// Results may depend on them: seeds, switches of determinism and precision, numbers of threads and processes. They
/// are part of a run's key.
const RESULTS: [&str; 52] = [
    "CUBLAS_WORKSPACE_CONFIG",
    "CUDA_DEVICE_ORDER",
    "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES",
    "FLASH_ATTENTION_DETERMINISTIC",
    "HIP_VISIBLE_DEVICES",
    "JAX_DEFAULT_MATMUL_PRECISION",
    "JAX_DEFAULT_PRNG_IMPL",
    "JAX_DISABLE_JIT",
    "JAX_ENABLE_X64",
    "JAX_NUMPY_DTYPE_PROMOTION",
    "JAX_NUMPY_RANK_PROMOTION",
    "JAX_PLATFORMS",
    "JAX_THREEFRY_PARTITIONABLE",
    "KMP_DETERMINISTIC_REDUCTION",
    "LOCAL_WORLD_SIZE",
    "MIOPEN_FIND_MODE",
    "MKL_CBWR",
    "MKL_DYNAMIC",
    "MKL_NUM_THREADS",
    "NCCL_ALGO",
    "NCCL_NTHREADS",
    "NCCL_PROTO",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NVIDIA_TF32_OVERRIDE",
    "NVIDIA_VISIBLE_DEVICES",
    "NVTE_ALLOW_NONDETERMINISTIC_ALGO",
    "OMP_DYNAMIC",
    "OMP_NUM_THREADS",
    "OMP_SCHEDULE",
    "OPENBLAS_CORETYPE",
    "OPENBLAS_NUM_THREADS",
    "PL_GLOBAL_SEED",
    "PYTHONDEVMODE",
    "PYTHONHASHSEED",
    "PYTHONOPTIMIZE",
    "PYTHONUTF8",
    "PYTORCH_ENABLE_MPS_FALLBACK",
    "RAYON_NUM_THREADS",
    "ROCR_VISIBLE_DEVICES",
    "TF_CUDNN_DETERMINISTIC",
    "TF_CUDNN_USE_AUTOTUNE",
    "TF_DETERMINISTIC_OPS",
    "TF_ENABLE_ONEDNN_OPTS",
    "TF_NUM_INTEROP_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TORCH_ALLOW_TF32_CUBLAS_OVERRIDE",
    "TZ",
    "VECLIB_MAXIMUM_THREADS",
    "WORLD_SIZE",
    "XLA_FLAGS",
];

/// Where, and as which of many: they differ between runs of the same inputs, so no key is over them.
const PLACEMENT: [&str; 27] = [
    "CONDA_DEFAULT_ENV",
    "GROUP_RANK",
    "JOB_COMPLETION_INDEX",
    "LOCAL_RANK",
    "LSB_JOBID",
    "MASTER_ADDR",
    "MASTER_PORT",
    "NODE_RANK",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "OMPI_COMM_WORLD_RANK",
    "PBS_JOBID",
    "PMI_RANK",
    "RANK",
    "ROLE_RANK",
    "SLURMD_NODENAME",
    "SLURM_ARRAY_JOB_ID",
    "SLURM_ARRAY_TASK_ID",
    "SLURM_JOB_ID",
    "SLURM_JOB_NAME",
    "SLURM_JOB_NODELIST",
    "SLURM_LOCALID",
    "SLURM_NNODES",
    "SLURM_NODEID",
    "SLURM_NTASKS",
    "SLURM_PROCID",
    "TORCHELASTIC_RUN_ID",
    "VIRTUAL_ENV",
];

/// Parts of names that are refused, even when asked for.
const SECRET: [&str; 6] = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

type Values = BTreeMap<String, String>;

/// What results may depend on, and where the command ran. What was asked for belongs to the former.
pub(super) fn select(request: &Request<'_>, gaps: &mut Vec<Gap>) -> (Values, Values) {
    let asked = request.also.iter().map(String::as_str).filter(|name| {
        let secret = is_secret(name);
        if secret {
            let why = "its name looks like that of a secret, so it is not recorded";
            let gap = Gap::new(Dimension::Environment, format!("variable {name}"), why);
            gaps.push(
                gap.closed_by("give what results depend on a name without KEY, TOKEN, SECRET, PASSWORD or CREDENTIAL"),
            );
        }
        !secret
    });
    let take = |name: &str| {
        let value = request.variables.get(std::ffi::OsStr::new(name))?;
        // A user name and password in a URL are no reason to refuse the rest of it.
        Some((name.to_owned(), hide_in(&value.to_string_lossy())))
    };
    let results: Values =
        RESULTS.into_iter().chain(asked.filter(|name| !PLACEMENT.contains(name))).filter_map(take).collect();
    (results, PLACEMENT.into_iter().filter_map(take).collect())
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    SECRET.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn variables_of_the_list_and_asked_ones_are_taken_and_secrets_never() {
        let variables: BTreeMap<_, _> = [
            ("PYTHONHASHSEED", "0"),
            ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
            ("RANK", "3"),
            ("SLURM_JOB_ID", "77"),
            ("WORLD_SIZE", "4"),
            ("HOME", "/home/me"),
            ("WANDB_API_KEY", "abc"),
            ("hf_token", "abc"),
            ("DATA_URL", "s3://me:pw@host/x"),
        ]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
        let also = ["WANDB_API_KEY", "hf_token", "DATA_URL", "UNSET", "RANK"].map(str::to_owned);
        let directory = Path::new("/");
        let request = Request { directory, command: &[], variables: &variables, also: &also, root: directory };
        let mut gaps = Vec::new();
        let (results, placement) = select(&request, &mut gaps);
        let map = |pairs: &[(&str, &str)]| -> Values {
            pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
        };
        assert_eq!(
            results,
            map(&[
                ("CUBLAS_WORKSPACE_CONFIG", ":4096:8"),
                ("DATA_URL", "s3://***@host/x"),
                ("PYTHONHASHSEED", "0"),
                ("WORLD_SIZE", "4"),
            ])
        );
        assert_eq!(placement, map(&[("RANK", "3"), ("SLURM_JOB_ID", "77")]));
        let refused: Vec<_> = gaps.iter().map(|gap| gap.what.as_str()).collect();
        assert_eq!(refused, ["variable WANDB_API_KEY", "variable hf_token"]);
    }

    #[test]
    fn the_lists_are_sorted_and_hold_no_secret() {
        for list in [&RESULTS[..], &PLACEMENT[..]] {
            assert!(list.is_sorted() && !list.iter().any(|name| is_secret(name)));
        }
    }
}
