//! Sentences: store. SKELETON
