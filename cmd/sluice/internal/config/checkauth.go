package config

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"unicode"
)

// checkAuth finds what makes no sense of who may connect and do what.
func (d *decoder) checkAuth(a *Auth) {
	said := permissionsSaid{decoder: d, by: map[string]stated{}}
	for i := range a.Callers {
		path := fmt.Sprintf("auth.callers[%d]", i)
		d.checkName(a.Callers[i].Name, path+".name")
		if _, twice := said.by[a.Callers[i].Name]; twice {
			d.problem(d.places[path+".name"], fmt.Sprintf("%s.name: the name %q is taken by one before it", path, a.Callers[i].Name), "")
		}
		said.add(a.Callers[i].Name, &a.Callers[i].Permissions, path)
		said.by[a.Callers[i].Name] = stated{path, &a.Callers[i].Permissions}
	}
	for i, t := range a.Tokens {
		path := fmt.Sprintf("auth.tokens[%d]", i)
		d.checkSecret(t.TokenEnv, t.TokenFile, path)
		d.checkCaller(t.Name, path)
		said.add(t.Name, &a.Tokens[i].Permissions, path)
	}
	for i := range a.JWT {
		d.checkJWT(&a.JWT[i], fmt.Sprintf("auth.jwt[%d]", i))
	}
	if a.Certificates != nil {
		d.checkName(a.Certificates.Prefix, "auth.certificates.prefix")
	}
	users := map[int]bool{}
	for i, u := range a.Users {
		path := fmt.Sprintf("auth.users[%d]", i)
		if users[u.UID] {
			d.problem(d.places[path+".uid"], fmt.Sprintf("%s.uid: the user %d stands in one before it", path, u.UID), "")
		}
		users[u.UID] = true
		d.checkCaller(u.Name, path)
	}
}

// checkName holds that a name looks like what it is, wherever it is shown.
func (d *decoder) checkName(name, path string) {
	if strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) }) {
		d.problem(d.places[path], fmt.Sprintf("%s: %q has a character that is not seen", path, name),
			"the name of a caller stands in records, logs and on terminals")
	}
}

// checkCaller holds that a name is one and no pattern.
func (d *decoder) checkCaller(name, path string) {
	d.checkName(name, path+".name")
	if strings.Contains(name, "*") {
		d.problem(d.places[path+".name"], fmt.Sprintf("%s.name: %q is a pattern, and a caller needs a name", path, name),
			"what many callers may do stands in auth.callers")
	}
}

// permissionsSaid holds that what is said of one caller in several places is the same.
type permissionsSaid struct {
	*decoder
	by map[string]stated
}

type stated struct {
	path        string
	permissions *Permissions
}

func (s *permissionsSaid) add(name string, p *Permissions, path string) {
	if !p.Stated() {
		return
	}
	s.checkTools(p, path)
	before, again := s.by[name]
	switch {
	case !again:
		s.by[name] = stated{path, p}
	case !reflect.DeepEqual(before.permissions, p):
		s.problem(s.places[path], fmt.Sprintf("%s says something else of what %q may do than %s", path, name, before.path),
			"the permissions are the caller's, whichever of its tokens it shows: say them once")
	}
}

func (s *permissionsSaid) checkTools(p *Permissions, path string) {
	for _, pattern := range p.Tools {
		if !strings.HasPrefix(string(pattern), "!") {
			return
		}
	}
	if len(p.Tools) > 0 {
		s.problem(s.places[path+".tools"], path+".tools forbids only, so it allows nothing", `put "*" before what it forbids, or leave it empty`)
	}
}

func (d *decoder) checkJWT(j *JWT, path string) {
	d.checkName(j.Prefix, path+".prefix")
	if (j.JWKSURL == "") == (j.JWKSFile == "") {
		d.problem(d.places[path], path+" needs either jwks_url or jwks_file", "")
	}
	if j.JWKSURL == "" {
		for _, key := range []string{"ca_file", "refresh", "stale"} {
			if at, written := d.places[path+"."+key]; written {
				d.problem(at, fmt.Sprintf("%s.%s is for jwks_url, and this issuer has none", path, key), "")
			}
		}
		return
	}
	if err := checkKeysURL(j.JWKSURL); err != nil {
		d.problem(d.places[path+".jwks_url"], fmt.Sprintf("%s.jwks_url %v", path, err), "")
	}
}

// checkKeysURL holds that nobody on the way can put in keys of their own.
func checkKeysURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("must be a URL such as https://id.example/jwks.json")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1"):
		return nil
	}
	return errors.New("must begin with https:// unless it is on this machine: who can change the keys can be anybody")
}
