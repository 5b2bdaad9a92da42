// Package progress draws how far a call has come. [Meter] is pure: it is told what
// happened and when, and says what one line on a terminal should look like.
// [Console] keeps that line at the bottom of a terminal while other text is written
// above it.
package progress
