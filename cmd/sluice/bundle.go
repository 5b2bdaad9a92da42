package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/mcpb"
)

const bundleLong = `Packs this program and a config into an MCP Bundle, one file that desktop clients such as
Claude Desktop install with a click.

Secrets are never packed. For each variable that the config reads from the environment
(token_env, pass_env) the client asks its user and passes the answer on. A secret that is
read from a file could not be there, so such a config is refused.

--include adds a file or a directory that lies beside the config, such as the scripts of
tools. Programs that are not in the bundle must be on the machine that installs it, and
so must whatever else the config names by a path.

A bundle is for the system that it was made on; --binary adds the program of another
one: darwin, linux or win32. The same input makes the same bytes.`

type bundleOptions struct {
	config      string
	output      string
	version     string
	author      string
	description string
	include     []string
	binaries    []string
}

func newBundleCommand() *cobra.Command {
	var opts bundleOptions
	cmd := &cobra.Command{
		Use:   "bundle",
		Short: "Pack this program and a config for desktop clients (.mcpb)",
		Long:  bundleLong,
		Example: "  sluice bundle --config sluice.yaml\n" +
			"  sluice bundle --config sluice.yaml --include scripts --binary win32=dist/sluice.exe --version 1.2.0",
		Args: usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return opts.run(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	flags := cmd.Flags()
	addConfigFlag(flags, &opts.config, servedConfig)
	flags.StringVarP(&opts.output, "output", "o", "", "write to this `file` (default the name in the config, with .mcpb)")
	flags.StringVar(&opts.version, "version", "1.0.0", "version of the bundle; clients update to a higher one")
	flags.StringVar(&opts.author, "author", "", "who answers for it (default your name on this machine)")
	flags.StringVar(&opts.description, "description", "", "what it is for, in a sentence (default the names of its tools)")
	flags.StringArrayVar(&opts.include, "include", nil, "add this `path` beside the config; may be repeated")
	flags.StringArrayVar(&opts.binaries, "binary", nil, "program of a platform, `PLATFORM=FILE`; may be repeated")
	return cmd
}

func (o *bundleOptions) run(out, errOut io.Writer) error {
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	programs, err := o.programs()
	if err != nil {
		return err
	}
	manifest, err := o.manifest(cfg, programs)
	if err != nil {
		return err
	}
	files, err := o.files(programs)
	if err != nil {
		return err
	}
	for _, note := range notPacked(cfg, o.config, files) {
		fmt.Fprintf(errOut, "%s %s\n", paint(errOut, bold, "note:"), note)
	}
	path := o.output
	if path == "" {
		path = fileName(cfg.Name) + ".mcpb"
	}
	if err := writeBundle(path, manifest, files); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s for %s, %s asked of the user\n", path, count(len(manifest.Tools), "tool"),
		strings.Join(manifest.Compatibility.Platforms, ", "), count(len(manifest.UserConfig), "setting"))
	return err
}

// platforms are what bundles call the systems.
var platforms = map[string]string{"darwin": "darwin", "linux": "linux", "windows": "win32"}

// programs returns the programs to pack, by platform.
func (o *bundleOptions) programs() (map[string]string, error) {
	found := map[string]string{}
	if platform, ok := platforms[runtime.GOOS]; ok {
		path, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find this program: %w", err)
		}
		found[platform] = path
	}
	for _, assignment := range o.binaries {
		platform, file, _ := strings.Cut(assignment, "=")
		if !slices.Contains(slices.Collect(maps.Values(platforms)), platform) || file == "" {
			return nil, usageError("such as win32=dist/sluice.exe", "--binary %q is not PLATFORM=FILE with darwin, linux or win32", assignment)
		}
		if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
			return nil, usageError("build it with GOOS and GOARCH", "--binary: there is no file %s", file)
		}
		found[platform] = file
	}
	return found, nil
}

// inBundle is what the program of a platform is called in a bundle.
func inBundle(platform string) string {
	if platform == "win32" {
		return "server/sluice-win32.exe"
	}
	return "server/sluice-" + platform
}

func (o *bundleOptions) manifest(cfg *config.Config, programs map[string]string) (*mcpb.Manifest, error) {
	present := slices.Sorted(maps.Keys(programs))
	m := &mcpb.Manifest{
		ManifestVersion: mcpb.Version, Name: cfg.Name, Version: o.version, Description: o.description,
		Author:        mcpb.Author{Name: o.author},
		Tools:         []mcpb.Tool{},
		Compatibility: mcpb.Compatibility{Platforms: present},
		Server: mcpb.Server{Type: "binary", EntryPoint: inBundle(present[0]), Launch: mcpb.Launch{
			Command: mcpb.Root + "/" + inBundle(present[0]), Args: []string{"stdio"},
		}},
		ToolsGenerated: len(cfg.Upstreams) > 0,
	}
	launch := &m.Server.Launch
	if o.config != "" {
		launch.Args = append(launch.Args, "--config", mcpb.Root+"/sluice.yaml")
	}
	for _, platform := range present[1:] {
		if launch.Overrides == nil {
			launch.Overrides = map[string]mcpb.Override{}
		}
		launch.Overrides[platform] = mcpb.Override{Command: mcpb.Root + "/" + inBundle(platform)}
	}
	found, err := examine(o.config)
	if err != nil {
		return nil, err
	}
	if !found.Valid {
		return nil, usageError("`sluice check` shows what is wrong", "the config is not valid: %s", found.Errors[0].Message)
	}
	for _, t := range found.Tools {
		m.Tools = append(m.Tools, mcpb.Tool{Name: t.Name, Description: t.Description})
	}
	if m.Author.Name == "" {
		m.Author.Name = userName()
	}
	if m.Description == "" {
		m.Description = sentenceFor(m)
	}
	return m, ask(m, cfg)
}

func sentenceFor(m *mcpb.Manifest) string {
	var names []string
	for _, t := range m.Tools {
		names = append(names, t.Name)
	}
	text := "Tools served by Sluice"
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return text
}

func userName() string {
	u, err := user.Current()
	switch {
	case err != nil:
		return "unknown"
	case u.Name != "":
		return u.Name
	}
	return u.Username
}

// ask has the client ask its user for what the config reads from the environment.
func ask(m *mcpb.Manifest, cfg *config.Config) error {
	for _, s := range secretsOf(cfg) {
		if s.env == "" {
			return usageError("name an environment variable with token_env: the client then asks its user",
				"%s reads a secret from the file %s, which must not be packed", s.reader, s.file)
		}
		if m.UserConfig == nil {
			m.UserConfig, m.Server.Launch.Env = map[string]mcpb.Setting{}, map[string]string{}
		}
		key := strings.ToLower(s.env)
		setting := mcpb.Setting{
			Type: "string", Title: s.env, Description: fmt.Sprintf("Given to %s as %s.", s.reader, s.env),
			Required: s.required, Sensitive: true,
		}
		if !s.required {
			setting.Default = new(string)
		}
		m.UserConfig[key] = setting
		m.Server.Launch.Env[s.env] = "${user_config." + key + "}"
	}
	return nil
}

func (o *bundleOptions) files(programs map[string]string) ([]mcpb.File, error) {
	var files []mcpb.File
	for platform, path := range programs {
		files = append(files, mcpb.File{Name: inBundle(platform), Source: path, Executable: true})
	}
	if o.config == "" {
		if len(o.include) > 0 {
			return nil, usageError("name one with --config", "--include is for what lies beside a config")
		}
		return files, nil
	}
	text, err := os.ReadFile(o.config)
	if err != nil {
		return nil, err
	}
	files = append(files, mcpb.File{Name: "sluice.yaml", Text: text})
	for _, name := range o.include {
		more, err := mcpb.Below(filepath.Dir(o.config), name)
		if err != nil {
			return nil, usageError("it takes paths as they are from where the config lies", "--include %s: %w", name, err)
		}
		files = append(files, more...)
	}
	return files, nil
}

// notPacked says what the config needs that is not in the bundle.
func notPacked(cfg *config.Config, path string, files []mcpb.File) (notes []string) {
	packed := map[string]bool{}
	for _, f := range files {
		packed[f.Name] = true
	}
	needs := map[string]bool{}
	need := func(program []string, dir string) {
		if len(program) == 0 {
			return
		}
		name := program[0]
		if strings.ContainsAny(name, `/\`) && !filepath.IsAbs(name) {
			within, err := filepath.Rel(filepath.Dir(path), filepath.Join(dir, name))
			if err == nil && packed[filepath.ToSlash(within)] {
				return
			}
		}
		needs[name] = true
	}
	for _, t := range cfg.Tools {
		need(t.Command, t.Dir)
	}
	for _, u := range cfg.Upstreams {
		need(u.Command, u.Dir)
	}
	if len(needs) > 0 {
		notes = append(notes, "these programs must be on the machine that installs it: "+strings.Join(slices.Sorted(maps.Keys(needs)), ", "))
	}
	return notes
}

// fileName returns a name that any system takes for a file.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '-'
		}
		return r
	}, name)
	return strings.Trim(clean, ". ")
}

// writeBundle writes a bundle in one step: half of one is never seen.
func writeBundle(path string, m *mcpb.Manifest, files []mcpb.File) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".sluice-*.mcpb")
	if errors.Is(err, fs.ErrNotExist) {
		return usageError("make the directory first", "there is no directory %s", filepath.Dir(path))
	}
	if err != nil {
		return err
	}
	err = errors.Join(mcpb.Pack(f, m, files), f.Chmod(0o644), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
