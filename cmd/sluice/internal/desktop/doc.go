// Package desktop knows the programs that launch MCP servers on somebody's desktop: where
// they keep their config, what an entry of it looks like, and how to change that without
// harm to what else is in it.
package desktop
