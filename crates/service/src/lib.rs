//! Use cases: validate, run one store transaction.
