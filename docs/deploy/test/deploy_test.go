package deploy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	k8sruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// The end of programs and of the last answers takes so long after the drain.
const lastEnds = 5 * time.Second

// objects decodes the manifests in a file strictly: an unknown or doubled field fails.
func objects(t *testing.T, file string) []k8sruntime.Object {
	t.Helper()
	scheme := k8sruntime.NewScheme()
	for _, add := range []func(*k8sruntime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, policyv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	source, err := os.ReadFile(filepath.Join("..", "kubernetes", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []k8sruntime.Object
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(source)))
	for {
		buffer := make([]byte, 1<<20)
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(buffer[:n], nil, nil)
		if err != nil {
			t.Fatalf("%s: %v in:\n%s", file, err, buffer[:n])
		}
		all = append(all, object)
	}
}

func find[T k8sruntime.Object](t *testing.T, all []k8sruntime.Object) T {
	t.Helper()
	for _, object := range all {
		if found, ok := object.(T); ok {
			return found
		}
	}
	t.Fatalf("there is no %T", *new(T))
	panic("unreachable")
}

func TestKubernetes(t *testing.T) {
	t.Parallel()
	for file, others := range map[string]time.Duration{ // what else has to end in the grace period
		"deployment.yaml": 5 * time.Second,  // preStop
		"sidecar.yaml":    20 * time.Second, // the service, which is stopped before
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			all := objects(t, file)
			pod := find[*appsv1.Deployment](t, all).Spec.Template.Spec
			containers := slices.Concat(pod.InitContainers, pod.Containers)
			at := slices.IndexFunc(containers, func(c corev1.Container) bool { return c.Name == "sluice" })
			if at < 0 {
				t.Fatal("no container is called sluice")
			}
			c := containers[at]
			config := find[*corev1.ConfigMap](t, all).Data["sluice.yaml"]
			checkConfig(t, config)
			drain := drainOf(t, config)
			if grace := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; grace < others+drain+lastEnds {
				t.Errorf("the grace period is %v, for %v, a drain of %v and %v", grace, others, drain, lastEnds)
			}
			checkProbes(t, &c, config)
			checkContext(t, &pod, &c)
			checkMounts(t, &pod, &c)
			if c.Resources.Limits.Memory().IsZero() {
				t.Error("no memory limit")
			}
		})
	}
	all := objects(t, "deployment.yaml")
	labels := find[*appsv1.Deployment](t, all).Spec.Template.Labels
	for key, value := range find[*corev1.Service](t, all).Spec.Selector {
		if labels[key] != value {
			t.Errorf("the service selects %s=%s", key, value)
		}
	}
	for key, value := range find[*policyv1.PodDisruptionBudget](t, all).Spec.Selector.MatchLabels {
		if labels[key] != value {
			t.Errorf("the budget selects %s=%s", key, value)
		}
	}
}

// checkConfig has the program itself check a config.
func checkConfig(t *testing.T, config string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sluice.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./cmd/sluice", "check", "--config", path)
	cmd.Dir = filepath.Join("..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func drainOf(t *testing.T, config string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(`(?m)^drain: (.*)$`).FindStringSubmatch(config)
	if m == nil {
		t.Fatal("the config says nothing of the drain")
	}
	drain, err := time.ParseDuration(m[1])
	if err != nil {
		t.Fatal(err)
	}
	return drain
}

// checkProbes fails the test where a probe is not of a route there is, at the port for it.
func checkProbes(t *testing.T, c *corev1.Container, config string) {
	t.Helper()
	for name, probe := range map[string]*corev1.Probe{"/healthz liveness": c.LivenessProbe, "/healthz startup": c.StartupProbe, "/readyz": c.ReadinessProbe} {
		path, _, _ := strings.Cut(name, " ")
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path {
			t.Fatalf("%s: %+v", name, probe)
		}
		port := probe.HTTPGet.Port
		i := slices.IndexFunc(c.Ports, func(p corev1.ContainerPort) bool { return port == intstr.FromString(p.Name) })
		if i < 0 || !strings.Contains(config, fmt.Sprintf("admin: 0.0.0.0:%d", c.Ports[i].ContainerPort)) {
			t.Errorf("%s asks at %v", name, port)
		}
	}
}

func checkContext(t *testing.T, pod *corev1.PodSpec, c *corev1.Container) {
	t.Helper()
	is := func(b *bool, want bool) bool { return b != nil && *b == want }
	s, p := c.SecurityContext, pod.SecurityContext
	user := s.RunAsUser
	if user == nil {
		user = p.RunAsUser
	}
	switch {
	case !is(s.ReadOnlyRootFilesystem, true), !is(s.AllowPrivilegeEscalation, false), !is(s.RunAsNonRoot, true) && !is(p.RunAsNonRoot, true):
		t.Errorf("the container may %+v", s)
	case user == nil || *user == 0, s.Capabilities == nil || !slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}):
		t.Errorf("the container is %+v", s)
	}
}

// checkMounts fails the test where a volume is missing.
func checkMounts(t *testing.T, pod *corev1.PodSpec, c *corev1.Container) {
	t.Helper()
	for _, mount := range c.VolumeMounts {
		if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == mount.Name }) {
			t.Errorf("there is no volume %s", mount.Name)
		}
	}
}

// TestStrict sees that a mistake would be found.
func TestStrict(t *testing.T) {
	t.Parallel()
	scheme := k8sruntime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	_, _, err := decoder.Decode([]byte("apiVersion: v1\nkind: Service\nspec: {prots: []}\n"), nil, nil)
	if err == nil || !strings.Contains(err.Error(), "prots") {
		t.Errorf("got %v", err)
	}
}

// TestDockerfile reads the Dockerfile with the parser of BuildKit.
func TestDockerfile(t *testing.T) {
	t.Parallel()
	source, err := os.Open(filepath.Join("..", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	parsed, err := parser.Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	if len(parsed.Warnings) > 0 {
		t.Errorf("warnings: %+v", parsed.Warnings)
	}
	stages, _, err := instructions.Parse(parsed.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	image := stages[len(stages)-1]
	if image.BaseName != "scratch" {
		t.Errorf("the image is made from %s", image.BaseName)
	}
	found := map[string]string{}
	for _, command := range image.Commands {
		found[command.Name()] = fmt.Sprint(command)
		switch c := command.(type) {
		case *instructions.UserCommand:
			found["USER"] = c.User
		case *instructions.EntrypointCommand:
			found["ENTRYPOINT"] = strings.Join(c.CmdLine, " ")
		case *instructions.CmdCommand:
			found["CMD"] = strings.Join(c.CmdLine, " ")
		case *instructions.HealthCheckCommand:
			found["HEALTHCHECK"] = strings.Join(c.Health.Test, " ")
		case *instructions.LabelCommand:
			found["LABEL"] = fmt.Sprint(c.Labels)
		case *instructions.RunCommand:
			t.Error("nothing can run in an image from scratch")
		}
	}
	for _, command := range stages[0].Commands {
		if run, ok := command.(*instructions.RunCommand); ok && strings.Contains(fmt.Sprint(run.CmdLine), "go build") {
			found["build"] = fmt.Sprint(run.CmdLine)
		}
	}
	if !strings.Contains(found["build"], "-X main.revision=$REVISION") || !strings.Contains(found["LABEL"], "org.opencontainers.image.revision") {
		t.Errorf("an image does not say what it was made from: %s, %s", found["build"], found["LABEL"])
	}
	for name, want := range map[string]string{
		"USER": "65532:65532", "ENTRYPOINT": "/sluice", "CMD": "serve --config /etc/sluice/sluice.yaml --log-format json",
		"HEALTHCHECK": "CMD /sluice health --config /etc/sluice/sluice.yaml",
	} {
		if found[name] != want {
			t.Errorf("%s is %q", name, found[name])
		}
	}
}

// TestUnits has systemd itself verify its units, where it is installed.
func TestUnits(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is no systemd")
	}
	verifier, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	args := []string{"verify", "--man=no"}
	for _, name := range []string{"sluice.service", "sluice.socket"} {
		text, err := os.ReadFile(filepath.Join("..", "systemd", name))
		if err != nil {
			t.Fatal(err)
		}
		// The program has to be there.
		unit := strings.ReplaceAll(string(text), "/usr/local/bin/sluice", "/bin/true")
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	if out, err := exec.Command(verifier, args...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	bad := filepath.Join(dir, "bad.service")
	if err := os.WriteFile(bad, []byte("[Service]\nType=notfy\nExecStart=/bin/true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _ := exec.Command(verifier, "verify", "--man=no", bad).CombinedOutput(); len(out) == 0 {
		t.Error("a mistake would not be found")
	}
}
