package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/openapi"
)

const (
	// maxDocument is how many bytes of a document are read.
	maxDocument = 64 << 20
	// fetchTimeout is how long a document may take to come.
	fetchTimeout = time.Minute
)

// readDocument reads a document from a file, a URL or standard input. Only one in a
// file may refer to others, below its directory.
func readDocument(ctx context.Context, stdin io.Reader, source string) (*openapi.Document, error) {
	if u, err := url.Parse(source); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		text, err := fetchDocument(ctx, source)
		if err != nil {
			return nil, err
		}
		return openapi.Load(text, nil, "openapi", u)
	}
	if source == "-" {
		text, err := readBounded(stdin)
		if err != nil {
			return nil, err
		}
		return openapi.Load(text, nil, "openapi", nil)
	}
	return openDocument(source)
}

func openDocument(path string) (*openapi.Document, error) {
	root, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(filepath.Base(path))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := readBounded(f)
	if err != nil {
		return nil, err
	}
	return openapi.Load(text, root.FS(), filepath.Base(path), nil)
}

func readBounded(r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err == nil && len(text) > maxDocument {
		err = fmt.Errorf("the document has more than %d MiB", maxDocument>>20)
	}
	return text, err
}

func fetchDocument(ctx context.Context, source string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("get %s: %s", source, response.Status)
	}
	return readBounded(response.Body)
}
