using Workflows.Testing;

[assembly: AssemblyFixture(typeof(PostgresServer))]
