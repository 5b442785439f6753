//! MLflow's web UI, as its package ships it: where it is installed, and how it is served.
//!
//! It is no part of this program: `trackside ui install` (`ui_command`) unpacks it below the data directory. Its pages are
//! one HTML file, whose URLs are all relative to `/`; everything else is below `/static-files`.

mod installed;
mod pages;

pub(crate) use self::{
    installed::{INDEX, Installed, Interface},
    pages::{file_routes, home},
};
