//! Sentences: cli. SKELETON
