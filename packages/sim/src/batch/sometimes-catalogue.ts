/**
 * Every rare place that a batch of runs must come to: the names in all `sometimes('…')` of the sources, sorted.
 *
 * Kept by hand, because a place that is gone from the code must be missed by somebody; a test compares both ways.
 */
export const sometimesCatalogue: readonly string[] = [];
