package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

// live are the keys of a config that take effect when it is read again.
var live = map[string]bool{
	"tools": true, "upstreams": true,
	"auth.tokens": true, "auth.callers": true, "auth.jwt": true, "auth.certificates": true, "auth.users": true,
	"listen.origins": true, "listen.hosts": true, "listen.proxies": true, "listen.proxy_header": true,
	"listen.max_connections": true, "listen.max_per_caller": true, "listen.max_per_address": true,
	"engine.concurrency": true, "engine.queue": true, "engine.queue_bytes": true, "engine.queue_timeout": true,
	"engine.in_flight_bytes": true,
	"engine.rate":            true, "engine.caller_rate": true, "engine.rate_wait": true,
	"engine.breaker": true, "engine.repeat_failures": true,
	"engine.timeout": true, "engine.idle_timeout": true, "engine.heartbeat": true,
	"engine.result": true, "engine.cache": true,
	"log.level": true,
}

// A change is the difference between the config that is served and the next.
type change struct {
	goneTools     []string // by name; gone is also what comes in another form
	tools         []*config.Tool
	goneUpstreams []string
	upstreams     []*config.Upstream
}

func changeTo(next, old *config.Config) change {
	var c change
	c.goneTools, c.tools = compare(old.Tools, next.Tools, func(t config.Tool) (string, config.Tool) {
		t.Line, t.Column = 0, 0
		return t.Name, t
	})
	c.goneUpstreams, c.upstreams = compare(old.Upstreams, next.Upstreams, func(u config.Upstream) (string, config.Upstream) {
		u.Line, u.Column = 0, 0
		u.Required = false // which is taken up without a new connection
		return u.Name, u
	})
	return c
}

// compare returns the names of what is in old and not, or not so, in next, and what is in
// next and not, or not so, in old. What matters of an entry is what essence returns.
func compare[T any](old, next []T, essence func(T) (name string, what T)) (gone []string, come []*T) {
	before := map[string]T{}
	for _, entry := range old {
		name, what := essence(entry)
		before[name] = what
	}
	stays := map[string]bool{}
	for i := range next {
		name, what := essence(next[i])
		if was, ok := before[name]; ok && reflect.DeepEqual(was, what) {
			stays[name] = true
		} else {
			come = append(come, &next[i])
		}
	}
	for _, entry := range old {
		if name, _ := essence(entry); !stays[name] {
			gone = append(gone, name)
		}
	}
	return gone, come
}

// fixed returns the keys whose values differ and that take a new start to have effect.
func fixed(a, b *config.Config) []string {
	var keys []string
	x, y := *a, *b
	x.Listen, y.Listen = withoutFiles(a.Listen), withoutFiles(b.Listen)
	old, next := reflect.ValueOf(&x).Elem(), reflect.ValueOf(&y).Elem()
	for i := range old.NumField() {
		section := keyOf(old.Type().Field(i))
		switch {
		case section == "-":
		case old.Field(i).Kind() != reflect.Struct:
			keys = appendFixed(keys, section, old.Field(i), next.Field(i))
		default:
			for j := range old.Field(i).NumField() {
				key := keyOf(old.Field(i).Type().Field(j))
				keys = appendFixed(keys, section+"."+key, old.Field(i).Field(j), next.Field(i).Field(j))
			}
		}
	}
	return keys
}

// withoutFiles leaves of TLS only whether it is spoken: its files may change.
func withoutFiles(l config.Listen) config.Listen {
	hollow := func(t *config.TLS) *config.TLS {
		if t == nil {
			return nil
		}
		return &config.TLS{}
	}
	l.TLS = hollow(l.TLS)
	l.Also = slices.Clone(l.Also)
	for i := range l.Also {
		l.Also[i].TLS = hollow(l.Also[i].TLS)
	}
	return l
}

func appendFixed(keys []string, key string, old, next reflect.Value) []string {
	if live[key] || reflect.DeepEqual(old.Interface(), next.Interface()) {
		return keys
	}
	return append(keys, key)
}

func keyOf(f reflect.StructField) string {
	key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	return key
}
