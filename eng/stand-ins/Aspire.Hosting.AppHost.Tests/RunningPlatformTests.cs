using System.Diagnostics;
using Aspire.Hosting.AppHost.Tests.Servers;
using Npgsql;
using Workflows.Testing;

namespace Aspire.Hosting.AppHost.Tests;

/// <summary>What a started process finds: its variables, its port, its database; and what happens when it dies.</summary>
public sealed class RunningPlatformTests(RunningPlatform platform) : IClassFixture<RunningPlatform>
{
    private readonly TestHost _host = platform.Host;

    [Fact]
    public async Task A_reference_to_a_database_injects_its_connection_string_and_properties()
    {
        var variables = await _host.EnvironmentOfAsync("worker-1");
        var server = new NpgsqlConnectionStringBuilder(variables["ConnectionStrings__items"]);

        Assert.Equal("Items DB", server.Database);
        Assert.Equal(server.Host, variables["ITEMS_HOST"]);
        Assert.Equal($"{server.Port}", variables["ITEMS_PORT"]);
        Assert.Equal("postgres", variables["ITEMS_USERNAME"]);
        Assert.Equal(server.Password, variables["ITEMS_PASSWORD"]);
        Assert.Equal("Items DB", variables["ITEMS_DATABASENAME"]);
        Assert.StartsWith("postgresql://postgres:", variables["ITEMS_URI"], StringComparison.Ordinal);
        Assert.StartsWith("jdbc:postgresql://", variables["ITEMS_JDBCCONNECTIONSTRING"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reference_may_have_another_name()
    {
        var variables = await _host.EnvironmentOfAsync("worker-1");

        Assert.Matches("^127\\.0\\.0\\.1:[0-9]+,password=.+$", variables["ConnectionStrings__my-cache"]);
        Assert.StartsWith("redis://:", variables["MY_CACHE_URI"], StringComparison.Ordinal);
        Assert.Contains("MY_CACHE_PASSWORD", variables.Keys);
    }

    [Fact]
    public async Task A_reference_to_a_service_injects_its_address_for_service_discovery()
    {
        var variables = await _host.EnvironmentOfAsync("worker-2");

        Assert.Equal(_host.Url(RunningPlatform.Project), variables["services__service__http__0"]);
        Assert.Equal(_host.Url(RunningPlatform.Project), variables["SERVICE_HTTP"]);
        Assert.Equal($"at {new Uri(_host.Url(RunningPlatform.Project)).Port}", variables["GREETING"]);
    }

    [Fact]
    public async Task A_parameter_is_injected_and_the_AppHosts_own_settings_are_not()
    {
        var variables = await _host.EnvironmentOfAsync("worker-1");

        Assert.Equal("s3cret", variables["SECRET"]);
        Assert.DoesNotContain(variables.Keys, name => name.StartsWith("Parameters__", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_launch_profile_is_applied_and_the_model_overrides_it()
    {
        var service = await _host.EnvironmentOfAsync(RunningPlatform.Project);

        Assert.Equal("first", service["DOTNET_LAUNCH_PROFILE"]);
        Assert.Equal("first", service["FROM_PROFILE"]);
        Assert.Equal("by the model", service["OVERRIDDEN"]);
        Assert.Equal(_host.Url(RunningPlatform.Project), service["ASPNETCORE_URLS"]);
    }

    [Fact]
    public async Task Every_replica_has_its_own_port_and_instance_id()
    {
        var first = await _host.EnvironmentOfAsync("worker-1");
        var second = await _host.EnvironmentOfAsync("worker-2");

        Assert.NotEqual(first["ASPNETCORE_URLS"], second["ASPNETCORE_URLS"]);
        Assert.Equal("worker", first["OTEL_SERVICE_NAME"]);
        Assert.Equal("service.instance.id=worker-1", first["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("service.instance.id=worker-2", second["OTEL_RESOURCE_ATTRIBUTES"]);
        Assert.Equal("http://collector:4317", second["OTEL_EXPORTER_OTLP_ENDPOINT"]);
        Assert.Equal("grpc", second["OTEL_EXPORTER_OTLP_PROTOCOL"]);
    }

    [Fact]
    public async Task The_database_was_created_on_a_durable_server_that_has_pgvector()
    {
        var variables = await _host.EnvironmentOfAsync("worker-1");
        await using var connection = new NpgsqlConnection(variables["ConnectionStrings__items"]);
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = new NpgsqlCommand(
            """
            create extension if not exists vector;
            select concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes'),
                current_setting('jit'), current_setting('listen_addresses'), current_setting('max_parallel_maintenance_workers'))
            """, connection);

        Assert.Equal("on on on off 127.0.0.1 0", await command.ExecuteScalarAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Servers_do_not_run_as_root_and_no_password_is_visible_in_the_process_list()
    {
        var secrets = await File.ReadAllTextAsync(_host.PathOf("parameters.json"), TestContext.Current.CancellationToken);
        foreach (var name in (string[])["postgres", "redis"])
        {
            var process = $"/proc/{(int)_host.Process(name)["pid"]!}";
            var arguments = await File.ReadAllTextAsync($"{process}/cmdline", TestContext.Current.CancellationToken);
            var password = System.Text.Json.JsonDocument.Parse(secrets).RootElement.GetProperty($"Parameters:{name}-password").GetString()!;

            Assert.DoesNotContain(password, arguments, StringComparison.Ordinal);
            Assert.Contains(name, arguments, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_killed_replica_is_reported_left_alone_and_started_again_on_request()
    {
        var before = (int)_host.Process("worker-2")["pid"]!;
        Process.GetProcessById(before).Kill();

        await Eventually.TrueAsync(() => (string?)_host.Process("worker-2")["state"] == "Exited", cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(137, (int)_host.Process("worker-2")["exitCode"]!);
        Assert.Equal("Running", (string?)_host.Process("worker-1")["state"]);

        var port = (int)_host.Process("worker-2")["port"]!;
        Assert.StartsWith("ok: worker-2 runs as", await platform.RestartAsync("worker-2"), StringComparison.Ordinal);
        Assert.NotEqual(before, (int)_host.Process("worker-2")["pid"]!);
        Assert.Equal(port, (int)_host.Process("worker-2")["port"]!);
        Assert.Equal("worker", (await _host.EnvironmentOfAsync("worker-2"))["OTEL_SERVICE_NAME"]);
    }

    [Fact]
    public async Task A_restarted_server_keeps_its_address_and_its_data()
    {
        var redis = _host.Process("redis");
        var variables = await _host.EnvironmentOfAsync("worker-1");
        await RedisClient.AskAsync((int)redis["port"]!, variables["MY_CACHE_PASSWORD"], "SET kept value");

        Assert.StartsWith("ok: redis runs as", await platform.RestartAsync("redis"), StringComparison.Ordinal);

        Assert.Equal((int)redis["port"]!, (int)_host.Process("redis")["port"]!);
        Assert.Equal("$5", await RedisClient.AskAsync((int)redis["port"]!, variables["MY_CACHE_PASSWORD"], "GET kept"));
    }

    [Fact]
    public async Task An_order_in_the_command_folder_is_carried_out_and_answered()
    {
        var request = Path.Combine(_host.Folder, "commands", "test");
        await File.WriteAllTextAsync($"{request}.new", "restart nobody\n", TestContext.Current.CancellationToken);
        File.Move($"{request}.new", $"{request}.request");

        await Eventually.TrueAsync(() => File.Exists($"{request}.answer"), cancellationToken: TestContext.Current.CancellationToken);
        Assert.StartsWith("error: there is no 'nobody'; there are postgres, redis, service, worker-1, worker-2",
            await File.ReadAllTextAsync($"{request}.answer", TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_host_on_the_same_data_is_refused()
    {
        await using var second = _host.CreateBuilder().Build();

        var refusal = await Assert.ThrowsAsync<DistributedApplicationException>(() => second.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains("Another AppHost already runs", refusal.Message, StringComparison.Ordinal);
    }
}
