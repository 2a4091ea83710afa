//! The generator: the shortest way from a seed to an episode.

use std::sync::Arc;

use crate::data::library::{Library, LibraryError};
use crate::incident::incident::Incident;
use crate::incident::level::{Knobs, Level};
use crate::incident::world::World;
use crate::make::{Exhausted, make};
use crate::play::scenario::{scenario, task_of};
use crate::seeds::Master;
use crate::verify::{Flaw, prove};
use incident_env::{Catalog, CatalogError, Episode, EpisodeId, Scenario, TaskId, Tasks};

/// A generator of incidents.
#[derive(Debug, Clone)]
pub struct Generator {
    library: Arc<Library>,
    tasks: Tasks,
}

/// The reason why there is no generator.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// The fault families cannot be used.
    #[error(transparent)]
    Library(#[from] LibraryError),
    /// The rules of the tasks cannot be used.
    #[error(transparent)]
    Rules(#[from] CatalogError),
}

impl Generator {
    /// Makes a generator that uses the fault families of this program.
    ///
    /// # Errors
    /// A release never fails here, because a test reads all embedded files.
    pub fn embedded() -> Result<Self, GeneratorError> {
        Self::with_overlay(Vec::new())
    }

    /// Makes a generator that uses other files besides, each given by name and text, as [`Library::with_overlay`] does.
    ///
    /// # Errors
    /// The error names the file that cannot be used.
    pub fn with_overlay(overlay: impl IntoIterator<Item = (String, String)>) -> Result<Self, GeneratorError> {
        let library = Arc::new(Library::with_overlay(overlay)?);
        Ok(Self { library, tasks: Catalog::embedded()?.tasks().clone() })
    }

    /// Returns the library that incidents are made from.
    #[must_use]
    pub fn library(&self) -> &Arc<Library> {
        &self.library
    }

    /// Returns the rules of the tasks.
    #[must_use]
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Makes the incident of a seed that has this number, by the knobs of a level. It is proved to have one solution.
    ///
    /// # Errors
    /// The seed gives no incident that can be proved. Take another one.
    pub fn incident(&self, level: Level, seed: u64, number: u64) -> Result<GeneratedIncident, Box<Exhausted>> {
        self.incident_with(level, &Knobs::of(level), seed, number)
    }

    /// Makes an incident by other knobs than those of its level.
    ///
    /// # Errors
    /// The seed gives no incident that can be proved. Take another one, or turn the knobs back.
    pub fn incident_with(
        &self,
        level: Level,
        knobs: &Knobs,
        seed: u64,
        number: u64,
    ) -> Result<GeneratedIncident, Box<Exhausted>> {
        let incident = make(&self.library, level, knobs, &Master::public(seed), number)?;
        Ok(self.play(incident))
    }

    /// Makes an incident that was made elsewhere, as by [`Suite::incident`](crate::Suite::incident), ready
    /// to be played.
    #[must_use]
    pub fn play(&self, incident: Incident) -> GeneratedIncident {
        let world = Arc::new(World::new(incident, Arc::clone(&self.library)));
        GeneratedIncident { world, tasks: self.tasks.clone() }
    }
}

/// An incident that is ready to be played.
#[derive(Debug, Clone)]
pub struct GeneratedIncident {
    world: Arc<World>,
    tasks: Tasks,
}

impl GeneratedIncident {
    /// Returns the world of the incident, which holds the truth about it.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// Returns the incident itself.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.world.incident
    }

    /// Returns the task that the incident poses in a suite.
    #[must_use]
    pub fn task(&self) -> TaskId {
        task_of(&self.world.incident)
    }

    /// Returns the incident as a scenario of a task. Scenarios of one incident share its world.
    #[must_use]
    pub fn scenario(&self, task: TaskId) -> Arc<Scenario> {
        Arc::new(scenario(Arc::clone(&self.world), task, &self.tasks))
    }

    /// Begins an episode of a task.
    #[must_use]
    pub fn episode(&self, task: TaskId) -> Episode {
        Episode::reset(&self.scenario(task), EpisodeId::nil())
    }

    /// Proves the incident anew, by other means than those that made it.
    ///
    /// # Errors
    /// The first flaw that is found.
    pub fn prove(&self) -> Result<(), Flaw> {
        prove(&self.world, &self.tasks)
    }
}
