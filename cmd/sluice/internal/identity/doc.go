// Package identity knows who calls, by tokens of issuers, certificates and users of this
// machine, and what each caller may do. All of it comes from a config; see docs/auth.md.
package identity
