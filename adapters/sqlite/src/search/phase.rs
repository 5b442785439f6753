//! What comes before what when an index is followed, and which lanes lead there.

use trackside_core::{
    Key,
    query::{Filter, RunField, Test, View},
};

use super::{
    binds::Binds,
    condition::{condition, leaf},
    in_view,
    lane::{Block, Index, Lane, Lead, Ties},
    place::{Kind, Place},
    rung::Rung,
    source::{Source, Table},
};
use crate::{error::Result, owners::json_array};

/// Rows that come before those of the next phase.
#[derive(Debug)]
pub(super) struct Phase {
    pub(super) part: Part,
    pub(super) lanes: Vec<Lane>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Values,
    Nan,
    Missing,
}

impl Part {
    /// That of a row, by its first criterion.
    pub(super) fn of(rung: &Rung) -> Self {
        match rung {
            Rung::Nan => Self::Nan,
            Rung::Missing => Self::Missing,
            Rung::Integer(_) | Rung::Real(_) | Rung::Text(_) => Self::Values,
        }
    }
}

impl Phase {
    /// Whether a row is one of these.
    pub(super) fn holds(&self, row: &[Rung]) -> bool {
        row.first().is_some_and(|rung| Part::of(rung) == self.part)
    }
}

/// What runs may lack.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lacking {
    Metric,
    Text(Table),
}

/// Which runs are looked for.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    pub(super) experiments: &'a [i64],
    pub(super) view: View,
    /// Has all of them.
    pub(super) source: Option<&'a Source<'a>>,
    /// The filter.
    pub(super) conjuncts: Vec<&'a Filter<RunField>>,
}

impl Scope<'_> {
    /// What the filter asks of a field in any case.
    pub(super) fn tests_of(&self, field: &RunField) -> Vec<&Test> {
        let test = |part: &&'_ _| match part {
            Filter::Field(tested, _) => tested == field,
            _ => false,
        };
        let tests = self.conjuncts.iter().copied().filter(|part| test(part));
        tests.filter_map(|part| if let Filter::Field(_, test) = part { Some(test) } else { None }).collect()
    }

    /// A lane over all runs of each experiment.
    pub(super) fn started(&self, ascending: bool) -> Result<Vec<Lane>> {
        let index = if ascending { Index::TiesReversed } else { Index::Exact };
        let lead = Lead::Column { name: "run.started_at", ascending };
        let mut binds = Binds::default();
        let first = binds.bind(0_i64);
        let passing = self.passing("run.pk", None, &mut binds)?;
        let conditions = format!("run.experiment = {first}{passing}");
        let from = "run INDEXED BY run_by_start";
        let lane = Lane { from, conditions, binds, lead, ties: Ties::Id, index };
        Ok(each(&lane, self.experiments))
    }

    /// Lanes over the runs that lack a metric, param or tag.
    pub(super) fn lacking(&self, what: Lacking, key: &Key) -> Result<Vec<Lane>> {
        let (table, owner) = match what {
            Lacking::Metric => ("series", "run"),
            Lacking::Text(table) => (table.name(), "owner"),
        };
        let mut binds = Binds::default();
        let first = binds.bind(0_i64);
        let key = binds.bind(key.as_str().to_owned());
        let lacks = format!("NOT EXISTS (SELECT 1 FROM {table} AS x WHERE x.{owner} = run.pk AND x.key = {key})");
        let (from, index, experiment) = match self.source {
            // To pass over all runs would take longer than to sort a few.
            Some(_) => ("run", Index::None, "+run.experiment"),
            None => ("run INDEXED BY run_by_start", Index::Exact, "run.experiment"),
        };
        let passing = self.passing("run.pk", None, &mut binds)?;
        let conditions = format!("{experiment} = {first}{passing} AND {lacks}");
        let lane = Lane { from, conditions, binds, lead: Lead::Same(Rung::Missing), ties: Ties::StartAndId, index };
        Ok(each(&lane, self.experiments))
    }

    /// Lanes over the runs with a value of a metric in this direction, or those with NaN.
    pub(super) fn ranked(&self, metrics: &[i64], key: &Key, ascending: Option<bool>) -> Result<Vec<Lane>> {
        let lead = |name| ascending.map_or(Lead::Same(Rung::Nan), |ascending| Lead::Column { name, ascending });
        let is_nan = u8::from(ascending.is_none());
        let place = |value, is_nan: &str| Place { kind: Kind::NumberOrNan(is_nan.to_owned()), ..Place::number(value) };

        let mut binds = Binds::default();
        let first = binds.bind(0_i64);
        let passing = self.passing("r.run", Some((key, &place("r.value", "r.is_nan"))), &mut binds)?;
        let conditions = format!("r.metric = {first} AND r.is_nan = {is_nan}{passing}");
        let from = "rank AS r CROSS JOIN run ON run.pk = r.run";
        let index = if ascending.is_some() { Index::Blocks(Block::Value) } else { Index::None };
        let lane = Lane { from, conditions, binds, lead: lead("r.value"), ties: Ties::StartAndId, index };
        let mut lanes = each(&lane, metrics);

        let mut binds = Binds::default();
        let metrics = binds.bind(json_array(metrics));
        let latest = place("t.last_value", "(t.last_is_nan > 0)");
        let passing = self.passing("s.run", Some((key, &latest)), &mut binds)?;
        let conditions = format!(
            "t.unranked IN (SELECT value FROM json_each({metrics})) AND (t.last_is_nan > 0) = {is_nan}{passing}"
        );
        let from = "tail AS t INDEXED BY tail_unranked CROSS JOIN series AS s ON s.pk = t.series \
                    CROSS JOIN run ON run.pk = s.run";
        let (lead, ties) = (lead("t.last_value"), Ties::StartAndId);
        lanes.push(Lane { from, conditions, binds, lead, ties, index: Index::None });
        Ok(lanes)
    }

    /// Lanes over the runs with a param or tag.
    pub(super) fn texts(&self, table: Table, key: &Key, ascending: bool) -> Result<Vec<Lane>> {
        let from = match table {
            Table::Param => "run_param AS p INDEXED BY run_param_by_value CROSS JOIN run ON run.pk = p.owner",
            Table::Tag => "run_tag AS p INDEXED BY run_tag_by_value CROSS JOIN run ON run.pk = p.owner",
        };
        let mut binds = Binds::default();
        let first = binds.bind(0_i64);
        let key = binds.bind(key.as_str().to_owned());
        let passing = self.passing("p.owner", None, &mut binds)?;
        let conditions = format!("p.experiment = {first} AND p.key = {key}{passing}");
        let lead = Lead::Column { name: "p.value", ascending };
        let index = Index::Blocks(Block::Beginning("substr(p.value, 1, 64)"));
        let lane = Lane { from, conditions, binds, lead, ties: Ties::StartAndId, index };
        Ok(each(&lane, self.experiments))
    }

    /// The source, the view and the filter. `pk` is where the primary key is at hand; `metric` where the latest value
    /// of a metric is.
    fn passing(&self, pk: &str, metric: Option<(&Key, &Place)>, binds: &mut Binds) -> Result<String> {
        // It goes behind other conditions.
        let mut all = vec![String::new()];
        if let Some(source) = self.source {
            // First: whatever it leaves out is not read at all.
            all.push(format!("{pk} IN ({})", source.sql(self.experiments, binds)));
        }
        all.extend(in_view("run.deleted_at", self.view));
        for part in &self.conjuncts {
            all.push(match (part, metric) {
                (Filter::Field(RunField::Metric(tested), test), Some((key, place))) if tested == key => {
                    leaf(place, test, binds)?
                }
                _ => condition(part, binds)?,
            });
        }
        Ok(all.join(" AND "))
    }
}

/// One lane for each of these values of the first parameter.
fn each(lane: &Lane, firsts: &[i64]) -> Vec<Lane> {
    let of = |first: &i64| {
        let mut lane = lane.clone();
        lane.binds.set_first(*first);
        lane
    };
    firsts.iter().map(of).collect()
}
