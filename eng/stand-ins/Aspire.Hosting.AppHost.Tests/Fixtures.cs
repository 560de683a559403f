// Hosts that start in the same moment may choose the same free port.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Workflows.Testing.PostgresServer))]
