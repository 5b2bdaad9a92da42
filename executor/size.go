package executor

import (
	"context"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/sluice-dev/sluice/tools"
)

// ErrResultTooLarge is wrapped by the error of a call whose result has more bytes
// than it may, of kind [KindResultTooLarge].
var ErrResultTooLarge = errors.New("the result is too large")

// oversize says by how much a result is too large.
type oversize struct{ size, limit int64 }

func (o *oversize) Error() string {
	return fmt.Sprintf("the result has %d bytes, %d more than the %d allowed", o.size, o.size-o.limit, o.limit)
}

func (o *oversize) Unwrap() error { return ErrResultTooLarge }

// limitResult lets no result through that is larger than the engine allows, or the tool's
// own limit where it has one; 0 stands for none. It cuts the text where the tool allows
// it.
func limitResult(next Handler) Handler {
	return func(ctx context.Context, x *Execution) (*tools.Result, error) {
		result, err := next(ctx, x)
		if err != nil || result == nil {
			return nil, err
		}
		return x.fit(result, orTool(x.Entry.Limits.ResultBytes, x.bounds.resultBytes))
	}
}

func (x *Execution) fit(result *tools.Result, limit int64) (*tools.Result, error) {
	bytes := size(result)
	if limit == 0 || bytes <= limit {
		return result, nil
	}
	if x.Entry.Limits.Truncate {
		if cut := truncate(result, bytes-limit); cut != nil {
			x.cut.Store(true)
			return cut, nil
		}
	}
	return nil, x.fail(KindResultTooLarge, &oversize{bytes, limit})
}

// size returns the bytes that a result carries, without what is only about it.
func size(result *tools.Result) int64 {
	n := len(result.Structured)
	for _, block := range result.Content {
		switch block := block.(type) {
		case tools.Text:
			n += len(block.Text)
		case tools.Image:
			n += len(block.Data)
		case tools.Audio:
			n += len(block.Data)
		case tools.EmbeddedResource:
			n += len(block.URI) + len(block.Text) + len(block.Blob)
		case tools.ResourceLink:
			n += len(block.URI) + len(block.Name) + len(block.Title) + len(block.Description)
		}
	}
	return int64(n)
}

// truncate returns a copy of the result whose text is shorter by excess bytes or
// some more: the last texts are left out, the last that stays is cut and says what
// is missing. It returns nil where there is too little text.
func truncate(result *tools.Result, excess int64) *tools.Result {
	total := textBytes(result)
	keep := total - int(excess) - len(cutMark(total, total))
	if keep < 0 {
		return nil
	}
	short := *result
	short.Content = make([]tools.Content, 0, len(result.Content))
	left, marked := keep, false
	for _, block := range result.Content {
		text, ok := block.(tools.Text)
		switch {
		case !ok:
			short.Content = append(short.Content, block)
		case len(text.Text) <= left:
			left -= len(text.Text)
			short.Content = append(short.Content, block)
		case !marked:
			kept := wholeRunes(text.Text, left)
			missing := total - (keep - left) - kept
			text.Text = text.Text[:kept] + cutMark(missing, total)
			short.Content = append(short.Content, text)
			left, marked = -1, true // not even an empty one may follow
		}
	}
	return &short
}

func textBytes(result *tools.Result) (n int) {
	for _, block := range result.Content {
		if text, ok := block.(tools.Text); ok {
			n += len(text.Text)
		}
	}
	return n
}

// wholeRunes returns the most bytes of text, n or fewer, that end with a whole rune.
func wholeRunes(text string, n int) int {
	for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
		n--
	}
	return n
}

func cutMark(missing, total int) string {
	return fmt.Sprintf("\n[cut: %d of %d bytes of text are missing]", missing, total)
}
