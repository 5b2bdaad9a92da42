package config

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
)

// maxSecret is how many bytes a token file may have.
const maxSecret = 4096

// Secret reads the token from where the config says that it is. Space around it,
// such as the newline at the end of a file, is not part of it. The error names the
// token and the place, never the value.
func (t Token) Secret() (string, error) {
	secret, err := readSecret(t.TokenEnv, t.TokenFile)
	if err != nil {
		return "", fmt.Errorf("token %q: %w", t.Name, err)
	}
	return secret, nil
}

// Secret reads the secret from where the config says that it is, as [Token.Secret]
// does.
func (c Credential) Secret() (string, error) { return readSecret(c.TokenEnv, c.TokenFile) }

func readSecret(env, file string) (string, error) {
	if env == "" {
		return ReadSecret(file)
	}
	secret := strings.TrimSpace(os.Getenv(env))
	if secret == "" {
		return "", fmt.Errorf("the environment variable %s is not set", env)
	}
	return secret, nil
}

// ReadSecret reads a secret from a file that holds nothing else, as container
// platforms mount them. One that everybody may write is refused, and what is no regular
// file but was not given to this process open, for a pipe may never be written to.
func ReadSecret(path string) (string, error) {
	f, err := openFile(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil {
		return "", err
	} else if info.Mode().IsRegular() && info.Mode()&0o002 != 0 && runtime.GOOS != "windows" { // which shows no modes
		return "", fmt.Errorf("everybody may write %s: `chmod o-w` it", path)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxSecret {
		return "", fmt.Errorf("%s has more than %d bytes: it is no token file", path, maxSecret)
	}
	secret := strings.TrimSpace(string(text))
	if secret == "" {
		return "", fmt.Errorf("%s is empty", path)
	}
	return secret, nil
}
