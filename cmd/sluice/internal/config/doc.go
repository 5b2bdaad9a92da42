// Package config reads the YAML config file of sluice.
//
// It is strict: a key it does not know, a value of the wrong type, a key written
// twice or a document that is more than a config is an error, with line, column,
// the source line and, where one is near, a suggestion. All errors of a file are
// reported at once. [Schema] is the JSON Schema of the same types, for editors.
//
// Reading has three steps, one file each. yaml.go turns the text into a tree of
// values that JSON could hold: anchors, aliases and merge keys are resolved there
// within a budget, so that no file can grow without bound. decode.go fills the
// types of config.go from the tree. check.go holds what types cannot say.
//
// Secrets never stand in the file: it names environment variables or files, and
// [Token.Secret] reads them when the server starts.
package config
