//! Sentences: report. SKELETON
