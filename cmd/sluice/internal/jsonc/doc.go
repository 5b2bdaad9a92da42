// Package jsonc changes one member of a JSON text that people and programs have written,
// with comments and trailing commas where these are, and leaves every other byte as it is.
package jsonc
