[assembly: AssemblyFixture(typeof(Workflows.Testing.PostgresServer))]
