using Workflows.Testing;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>What holds for all published files, and what publishing again does.</summary>
[Collection(nameof(PublishedFiles))]
public sealed class PublishTests(PublishedFiles published)
{
    private const string Renew =
        "dotnet run --project AppHost -- --operation publish --step publish"
        + " --output-path tests/AppHost.Tests/Published";

    [Fact]
    public void The_published_files_are_those_that_are_committed()
    {
        var expected = Files(PublishedFiles.Committed);
        var actual = Files(published.Folder);

        Assert.Equal(expected.Keys, actual.Keys);
        foreach (var (name, text) in expected)
        {
            Assert.True(text == actual[name], $"{name} has changed. If that is meant, renew the copy: {Renew}");
        }
    }

    [Fact]
    public async Task No_secret_of_the_publishing_machine_is_in_any_file()
    {
        const string Marker = "a-secret-of-this-machine";
        var folder = PublishedFiles.NewFolder();
        var secrets = published.Settings("kubernetes/secrets.env").Keys
            .Select(name => ($"Parameters:{name.ToLowerInvariant().Replace('_', '-')}", Marker));

        await PublishedFiles.PublishAsync(folder, [.. secrets, ("Parameters:owner-password", Marker)]);

        var files = Files(folder);
        Assert.DoesNotContain(files, file => file.Value.Contains(Marker, StringComparison.Ordinal));
        var empty = PublishedFiles.ReadSettings(Path.Combine(folder, "kubernetes", "secrets.env"));
        Assert.Equal(string.Empty, empty["OWNER_PASSWORD"]);
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Publishing_again_keeps_what_was_filled_in_and_names_the_new_images()
    {
        var folder = PublishedFiles.NewFolder();
        await PublishedFiles.PublishAsync(folder);
        var token = TestContext.Current.CancellationToken;
        string[] files = [Path.Combine(folder, "compose", ".env"), Path.Combine(folder, "kubernetes", "secrets.env")];
        foreach (var file in files)
        {
            var filledIn = (await File.ReadAllTextAsync(file, token))
                .Replace("ENCRYPTION_KEY=\n", "ENCRYPTION_KEY=opens=the-data\n", StringComparison.Ordinal);
            await File.WriteAllTextAsync(file, $"{filledIn}OF_AN_OLDER_VERSION=kept\n", token);
        }

        await PublishedFiles.PublishAsync(
            folder, ("Images:Registry", "registry.example/team"), ("Images:Tag", "2.0.0"));

        foreach (var settings in files.Select(PublishedFiles.ReadSettings))
        {
            Assert.Equal("opens=the-data", settings["ENCRYPTION_KEY"]);
            Assert.Equal("kept", settings["OF_AN_OLDER_VERSION"]);
        }

        Assert.Equal("registry.example/team/workflows-api:2.0.0", PublishedFiles.ReadSettings(files[0])["API_IMAGE"]);
        var kustomization = PublishedFiles.ParseYaml(
            await File.ReadAllTextAsync(Path.Combine(folder, "kubernetes", "kustomization.yaml"), token));
        var image = kustomization["images"]!.AsArray().Single(image => (string?)image!["name"] == "workflows-api")!;
        Assert.Equal("registry.example/team/workflows-api", (string?)image["newName"]);
        Assert.Equal("2.0.0", (string?)image["newTag"]);
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("compose/.env")]
    [InlineData("kubernetes/secrets.env")]
    public void Only_its_owner_reads_a_file_for_secrets(string name)
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("Windows has no such modes.");
        }
        else
        {
            Assert.Equal(
                UnixFileMode.UserRead | UnixFileMode.UserWrite,
                File.GetUnixFileMode(Path.Combine(published.Folder, name)));
        }
    }

    [Fact]
    public void Images_of_projects_are_named_as_their_projects_name_them()
    {
        var named = published.Manifest
            .Where(resource => (string?)resource.Value!["type"] == "project.v0")
            .Select(resource => (
                resource.Key,
                Project: Path.GetFullPath((string)resource.Value!["path"]!, published.Folder)))
            .ToList();

        Assert.Equal(4, named.Count);
        Assert.All(named, entry => Assert.Contains(
            $"<ContainerRepository>workflows-{(entry.Key == "migration" ? "api" : entry.Key)}</ContainerRepository>",
            File.ReadAllText(entry.Project),
            StringComparison.Ordinal));
    }

    [Fact]
    public void Azd_finds_the_AppHost()
    {
        var azure = PublishedFiles.ParseYaml(File.ReadAllText(Path.Combine(Repository.Root, "azure.yaml")));
        var (_, service) = Assert.Single(azure["services"]!.AsObject());

        Assert.Equal(("dotnet", "containerapp"), ((string?)service!["language"], (string?)service["host"]));
        Assert.True(File.Exists(Path.Combine(Repository.Root, (string)service["project"]!)));
    }

    private static SortedDictionary<string, string> Files(string folder) => new(
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(path => Path.GetRelativePath(folder, path), File.ReadAllText),
        StringComparer.Ordinal);
}
