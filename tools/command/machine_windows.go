package command

// A machine is what there is to contain programs with.
type machine struct{ layers []Layer }

// survey says what the system has; nothing needs trying.
func survey() *machine {
	const job = "a job object, which nothing leaves and which ends with the server"
	return &machine{layers: []Layer{
		{LayerGroup, true, job},
		{LayerShim, true, "not needed: " + job},
		{LayerSweep, true, job},
		{LayerWatch, true, "the job object holds processor time, memory and the number of processes"},
		{LayerLimits, false, "not on Windows: open files and the size of files have no limits"},
		{LayerPrivileges, false, "not on Windows"},
		{LayerNamespaces, false, "not on Windows"},
		{LayerIsolation, false, "not on Windows"},
		{LayerFiles, false, "not on Windows: a program may do to files what the server may"},
		{LayerNetwork, false, "not on Windows"},
		{LayerCgroup, false, "not on Windows"},
		{LayerCPUs, false, "not on Windows"},
	}}
}

// tree returns a tree for one call of the program.
func (m *machine) tree(p *program) (tree, error) {
	if p.sandbox == SandboxOff {
		return &group{layers: LayerGroup}, nil
	}
	return &group{limits: p.resources, layers: p.layers(m)}, nil
}
