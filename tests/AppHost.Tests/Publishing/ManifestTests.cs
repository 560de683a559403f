using System.Text.RegularExpressions;

namespace Workflows.AppHost.Tests.Publishing;

/// <summary>Aspire's manifest, which azd deploys from.</summary>
[Collection(nameof(PublishedFiles))]
public sealed partial class ManifestTests(PublishedFiles published)
{
    [Fact]
    public void Every_project_exists()
    {
        var projects = published.Manifest.Where(resource => (string?)resource.Value!["type"] == "project.v0").ToList();

        Assert.Equal(["aisearch", "api", "migration", "worker"], projects.Select(project => project.Key).Order());
        Assert.All(
            projects,
            project => Assert.True(File.Exists(Path.Combine(published.Folder, (string)project.Value!["path"]!))));
    }

    [Fact]
    public void Every_image_has_a_tag_of_a_version()
    {
        var images = published.Manifest.Select(resource => (string?)resource.Value!["image"]).OfType<string>().ToList();

        Assert.Equal(2, images.Count);
        Assert.All(images, image => Assert.Matches(VersionTag(), image));
    }

    [Fact]
    public void Every_secret_is_generated_or_asked_for()
    {
        var parameters = published.Manifest
            .Where(resource => (string?)resource.Value!["type"] == "parameter.v0")
            .ToList();

        Assert.Contains(parameters, parameter => parameter.Key == "secrets-master-key");
        Assert.All(
            parameters,
            parameter => Assert.Equal($"{{{parameter.Key}.inputs.value}}", (string?)parameter.Value!["value"]));
        Assert.All(
            parameters.Where(parameter => parameter.Key != "owner-email"),
            parameter => Assert.True((bool?)parameter.Value!["inputs"]!["value"]!["secret"]));
    }

    [Fact]
    public void What_an_expression_names_is_in_the_manifest()
    {
        var named = Expression().Matches(published.Text("aspire-manifest.json"))
            .Select(match => match.Groups[1].Value)
            .Distinct()
            .ToList();

        Assert.Contains("postgres", named);
        Assert.Empty(named.Except(published.Manifest.Select(resource => resource.Key)));
    }

    [Fact]
    public void The_database_container_makes_the_database_with_the_settings_of_the_process()
    {
        var server = published.Manifest["postgres"]!;
        var arguments = server["args"]!.AsArray().Select(argument => (string?)argument).ToList();

        Assert.Equal("workflows", (string?)server["env"]!["POSTGRES_DB"]);
        Assert.Contains(
            "--builtin-locale=C.UTF-8", (string?)server["env"]!["POSTGRES_INITDB_ARGS"], StringComparison.Ordinal);
        Assert.Contains("shared_preload_libraries=pg_stat_statements", arguments);
        Assert.Contains("jit=off", arguments);
        Assert.Equal("/var/lib/postgresql/data", (string?)server["volumes"]![0]!["target"]);
    }

    [GeneratedRegex(@":(pg)?\d[\w.-]*$")]
    private static partial Regex VersionTag();

    [GeneratedRegex(@"\{([\w-]+)\.[\w.-]+\}")]
    private static partial Regex Expression();
}
