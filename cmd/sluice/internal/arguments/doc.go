// Package arguments reads the arguments of a tool from a command line. They are
// words of the form key=value, typed by the tool's input schema, or one JSON object:
//
//	text=hello          a string, or whatever type the schema gives the property
//	count:=3            JSON, whatever the schema says
//	text=@notes.txt     what a file holds
//	text=@@home         a value that begins with @
//	{"text":"hello"}    all of them, as JSON
//	-                   all of them, as JSON from standard input
package arguments
