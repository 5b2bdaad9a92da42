// Package deploy tests the deploy files with the parsers of those who read them. It is a
// module of its own, so that what it needs for that is in no program.
package deploy
