package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
)

// printResult prints what a person reads of a result: its text as it is, and a word
// for each block that is no text. Structured content stands in where there is no
// text.
func printResult(w io.Writer, result *upstream.Result) {
	hasText := false
	for _, block := range result.Content {
		text, isText := describe(block)
		hasText = hasText || isText
		printText(w, text)
	}
	if !hasText && result.Structured != nil {
		printText(w, indented(result.Structured))
	}
}

// describe returns the text of a block, or a word for it in brackets.
func describe(block tools.Content) (text string, isText bool) {
	switch b := block.(type) {
	case tools.Text:
		return b.Text, true
	case tools.Image:
		return fmt.Sprintf("[image %s, %s]", b.MIMEType, size(len(b.Data))), false
	case tools.Audio:
		return fmt.Sprintf("[audio %s, %s]", b.MIMEType, size(len(b.Data))), false
	case tools.ResourceLink:
		return fmt.Sprintf("[link %s %s]", b.Name, b.URI), false
	case tools.EmbeddedResource:
		if b.Blob == nil {
			return b.Text, true
		}
		return fmt.Sprintf("[file %s %s, %s]", b.URI, b.MIMEType, size(len(b.Blob))), false
	}
	return fmt.Sprintf("[%T]", block), false
}

// printText ends what it prints with a newline.
func printText(w io.Writer, text string) {
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	fmt.Fprint(w, shown(w, text))
}

func size(bytes int) string {
	switch n := float64(bytes); {
	case bytes < 1000:
		return fmt.Sprintf("%d B", bytes)
	case bytes < 999_950:
		return fmt.Sprintf("%.1f kB", n/1e3)
	default:
		return fmt.Sprintf("%.1f MB", n/1e6)
	}
}

// indented returns JSON that people can read.
func indented(value json.RawMessage) string {
	text := jsontext.Value(value).Clone()
	if text.Indent(jsontext.WithIndent("  ")) != nil {
		return string(value)
	}
	return string(text)
}

// printJSON prints a value as one line.
func printJSON(w io.Writer, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		text = fmt.Appendf(nil, `{"type":"error","message":%q}`, err)
	}
	fmt.Fprintln(w, shown(w, string(text)))
}

// saveBinary writes the first picture, sound or file of a result to path.
func saveBinary(path string, result *upstream.Result) error {
	for _, block := range result.Content {
		var data []byte
		switch b := block.(type) {
		case tools.Image:
			data = b.Data
		case tools.Audio:
			data = b.Data
		case tools.EmbeddedResource:
			data = b.Blob
		}
		if data != nil {
			return os.WriteFile(path, data, 0o666) // less the umask, as a shell redirects
		}
	}
	return hinted("without --output the result is printed", errors.New("the result holds no image, sound or file to save"))
}
