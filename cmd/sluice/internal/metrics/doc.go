// Package metrics shows the numbers of a server to Prometheus. They are worked out when
// they are asked for: nothing is counted twice, and a call pays nothing.
//
// Label values are bounded: tools by the registry and by maxTools, callers by the engine,
// each with "other" for the rest; all other labels have fixed sets of values.
package metrics
