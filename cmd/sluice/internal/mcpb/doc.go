// Package mcpb writes MCP Bundles: a server with what it needs and a manifest in one zip
// file, which desktop clients install with a click. The format is that of
// github.com/modelcontextprotocol/mcpb, MANIFEST.md, version 0.3.
package mcpb
