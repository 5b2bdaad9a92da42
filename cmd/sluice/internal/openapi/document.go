package openapi

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// A Document is an OpenAPI document whose references are resolved.
type Document struct {
	doc  *openapi3.T
	base *url.URL // where it was read from, for relative servers; nil if not a URL
}

// Load reads a document. Its references may lead to other files below the same
// directory, where files is not nil, and nowhere else: a document is often a
// stranger's. Name is the path of the document in files; base is the URL it came from,
// nil if none.
func Load(source []byte, files fs.FS, name string, base *url.URL) (*Document, error) {
	loader := openapi3.NewLoader()
	loader.IsExternalRefsAllowed = files != nil
	loader.ReadFromURIFunc = func(_ *openapi3.Loader, location *url.URL) ([]byte, error) {
		if files == nil || location.Scheme != "" || location.Host != "" {
			return nil, fmt.Errorf("a reference leads to %s, outside of the document", location)
		}
		return fs.ReadFile(files, path.Clean(location.Path))
	}
	doc, err := loader.LoadFromDataWithPath(source, &url.URL{Path: name})
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the OpenAPI document: %w", err)
	case !strings.HasPrefix(doc.OpenAPI, "3."):
		return nil, errors.New("it is no OpenAPI 3 document: one of Swagger 2 has to be converted first")
	case doc.Paths == nil || doc.Paths.Len() == 0:
		return nil, errors.New("the document has no paths")
	}
	return &Document{doc, base}, nil
}
