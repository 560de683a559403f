using Aspire.Hosting.ApplicationModel;

namespace Workflows.AppHost.Tests;

/// <summary>What every way to run the platform has in common, and where processes and containers differ.</summary>
public sealed class ModelTests
{
    private static readonly string[] Services = ["aisearch", "api", "worker"];
    private static readonly string[] Servers = ["postgres", "redis"];

    [Theory]
    [InlineData("processes")]
    [InlineData("containers")]
    public async Task Every_service_and_server_is_there_and_has_a_health_check(string servers)
    {
        await using var model = await Model.OfAsync($"--Servers={servers}");

        Assert.Equal(
            [.. Servers.Concat(Services).Append("migration").Order()],
            model.Shown.Select(resource => resource.Name).Order());
        Assert.All(model.Shown.Append(model["workflows"]).Except([model["migration"]]), resource =>
            Assert.True(
                resource.Annotations.OfType<HealthCheckAnnotation>().Any(), $"{resource.Name} has no health check"));
    }

    [Theory]
    [InlineData("processes")]
    [InlineData("containers")]
    public async Task Services_wait_for_the_servers_and_those_that_need_the_schema_for_the_api(string servers)
    {
        await using var model = await Model.OfAsync($"--Servers={servers}");

        Assert.Equal(["workflows"], WaitsOf(model["migration"]));
        Assert.Equal(["migration", "redis", "workflows"], WaitsOf(model["api"]));
        Assert.Equal(WaitType.WaitForCompletion, model["api"].Annotations.OfType<WaitAnnotation>()
            .Single(wait => wait.Resource.Name == "migration").WaitType);
        Assert.Equal(["api", "redis", "workflows"], WaitsOf(model["worker"]));
        Assert.Equal(["api", "redis", "workflows"], WaitsOf(model["aisearch"]));
    }

    [Fact]
    public async Task A_mail_server_is_handed_on_with_its_password_kept_secret_and_is_not_asked_for()
    {
        await using var without = await Model.OfAsync();
        await using var with = await Model.OfAsync(
            "--Parameters:mail-host=mail.example", "--Parameters:mail-from=flows@example.com",
            "--Parameters:mail-password=a-secret");

        Assert.DoesNotContain(without.Resources, IsOfMail);
        Assert.Equal(
            ["mail-from", "mail-host", "mail-password"],
            with.Resources.Where(IsOfMail).Select(resource => resource.Name).Order());
        Assert.True(Assert.IsType<ParameterResource>(with["mail-password"]).Secret);

        static bool IsOfMail(IResource resource) => resource.Name.StartsWith("mail-", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Containers_are_pinned_and_keep_their_data_in_volumes()
    {
        await using var model = await Model.OfAsync("--Servers=containers");

        Assert.All(Servers, name =>
        {
            var image = model[name].Annotations.OfType<ContainerImageAnnotation>().Last();
            Assert.False(
                string.IsNullOrEmpty(image.Tag) || image.Tag == "latest", $"{name} runs {image.Image}:{image.Tag}");
            Assert.Contains(
                model[name].Annotations.OfType<ContainerMountAnnotation>(),
                mount => mount.Type == ContainerMountType.Volume);
        });
        Assert.Equal(
            "pgvector/pgvector", model["postgres"].Annotations.OfType<ContainerImageAnnotation>().Last().Image);
    }

    [Fact]
    public async Task Server_processes_keep_passwords_out_of_their_arguments()
    {
        await using var model = await Model.OfAsync("--Servers=processes");
        var passwords = model.Resources.OfType<ParameterResource>().Where(parameter => parameter.Secret).ToList();
        Assert.NotEmpty(passwords);
        var values = await Task.WhenAll(
            passwords.Select(parameter => parameter.GetValueAsync(CancellationToken.None).AsTask()));

        var servers = model.Resources.OfType<ExecutableResource>().Where(resource => Servers.Contains(resource.Name));
        foreach (var server in servers)
        {
            var arguments = new List<object>();
            foreach (var callback in server.Annotations.OfType<CommandLineArgsCallbackAnnotation>())
            {
                await callback.Callback(new(arguments, CancellationToken.None));
            }

            Assert.DoesNotContain(arguments.OfType<string>(), argument => values.Contains(argument));
            Assert.DoesNotContain(arguments, argument => argument is ParameterResource);
        }
    }

    [Theory]
    [InlineData("api", "sample")]
    [InlineData("worker", "drain")]
    [InlineData("postgres", "psql")]
    [InlineData("redis", "redis-cli")]
    [InlineData("redis", "flush")]
    public async Task People_find_commands_where_they_look_for_them(string resource, string command)
    {
        await using var model = await Model.OfAsync("--Servers=processes");

        Assert.Contains(
            model[resource].Annotations.OfType<ResourceCommandAnnotation>(), annotation => annotation.Name == command);
    }

    [Fact]
    public async Task Two_workers_run_and_as_many_apis_as_asked_for()
    {
        await using var model = await Model.OfAsync("--Servers=processes", "--Api:Replicas=3");

        Assert.Equal(2, model["worker"].GetReplicaCount());
        Assert.Equal(3, model["api"].GetReplicaCount());
        Assert.Equal(1, model["aisearch"].GetReplicaCount());
    }

    [Theory]
    [InlineData("--Api:Replicas=0", "Api:Replicas is '0'; it can be 1 to 16.")]
    [InlineData("--Api:Replicas=many", "Api:Replicas is 'many'; it can be 1 to 16.")]
    [InlineData("--Servers=cloud", "Servers is 'cloud'; it can be processes or containers.")]
    [InlineData("--Dashboard=maybe", "Dashboard is 'maybe'; it can be on or off.")]
    [InlineData("--Ports:api=70000", "Ports:api is '70000'; it can be 1 to 65535.")]
    public async Task A_setting_that_cannot_be_is_refused_by_name(string argument, string message)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(
            async () => await Model.OfAsync("--Servers=processes", argument));

        Assert.Contains(message, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generated_secrets_are_kept_beside_the_data_for_their_owner_only()
    {
        await using var model = await Model.OfAsync("--Servers=processes");
        var key = model.Resources.OfType<ParameterResource>().Single(parameter => parameter.Name == "encryption-key");

        var first = await key.GetValueAsync(CancellationToken.None);

        var file = Path.Combine(model.Folder, "parameters.json");
        Assert.True(first!.Length >= 48);
        Assert.All(first, letter => Assert.True(char.IsAsciiLetterOrDigit(letter)));
        Assert.Contains(
            first, await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
    }

    private static IEnumerable<string> WaitsOf(IResource resource) =>
        resource.Annotations.OfType<WaitAnnotation>()
            .Select(wait => wait.Resource.Name)
            .Except(["postgres"])
            .Distinct()
            .Order();
}
