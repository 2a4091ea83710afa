//! The zoo of dialects: scripted endpoints that behave as the documents of real ones say, each with its source. The real
//! binary plays the nine classic incidents at each of them, and the endpoint checks what it gets back.
//!
//! The model behind every endpoint is the heuristic responder, so a run has the score of the responder if nothing of what the
//! model said is lost on its way.

mod answer;
mod asked;
mod bill;
mod company;
mod dialect;
mod documented;
mod dress;
mod each;
mod endpoint;
mod faults;
mod hosts;
mod kept;
mod kinds;
mod learning;
mod matrix;
mod play;
mod player;
mod silence;
mod sse;
