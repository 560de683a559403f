using System.Xml.Linq;

namespace Workflows.Architecture.Tests;

/// <summary>The whole dependency rule of the solution, read from the project files. Anything not listed is forbidden.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> AllowedReferences = new()
    {
        ["Jsonata"] = [],
        ["Engine"] = ["Jsonata"],
        ["ServiceDefaults"] = [],
        ["Data"] = ["Engine"],
        ["Api"] = ["Data", "Engine", "ServiceDefaults"],
        ["Worker"] = ["Data", "Engine", "ServiceDefaults"],
        ["AiSearch"] = ["Data", "ServiceDefaults"],
        ["AppHost"] = ["AiSearch", "Api", "Worker"],
    };

    /// <summary>Names, or beginnings of names that end with a dot. The pure projects use the base library only.</summary>
    private static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["Jsonata"] = [],
        ["Engine"] = [],
        ["ServiceDefaults"] =
            ["Microsoft.AspNetCore.App", "Microsoft.Extensions.Http.Resilience", "Microsoft.Extensions.ServiceDiscovery", "OpenTelemetry."],
        ["Data"] = ["Microsoft.EntityFrameworkCore.", "Microsoft.Extensions.", "Npgsql", "Npgsql.EntityFrameworkCore.PostgreSQL", "StackExchange.Redis"],
        ["Api"] = ["Aspire.Npgsql.EntityFrameworkCore.PostgreSQL", "Aspire.StackExchange.Redis", "Microsoft.AspNetCore."],
        ["Worker"] = ["Aspire.StackExchange.Redis"],
        ["AiSearch"] = ["Aspire.Npgsql.EntityFrameworkCore.PostgreSQL", "Aspire.StackExchange.Redis", "OpenAI", "Pgvector.EntityFrameworkCore"],
        ["AppHost"] = ["Aspire.Hosting."],
    };

    public static TheoryData<string> ProductProjects() => [.. Projects().Where(IsProduct)];

    /// <summary>Without the stand-ins, which are built for whoever references them, and the samples of their tests.</summary>
    public static TheoryData<string> OwnProjects() =>
        [.. Projects().Where(path => !path.IsBelow("eng/") || path.EndsWith(".Tests.csproj", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void Project_references_only_what_the_rule_allows(string projectPath)
    {
        var project = Path.GetFileNameWithoutExtension(projectPath);
        Assert.True(AllowedReferences.TryGetValue(project, out var allowed), $"{project} has no entry in {nameof(AllowedReferences)}.");

        var actual = Includes(projectPath, "ProjectReference").Select(Path.GetFileNameWithoutExtension);

        Assert.Empty(actual.Except(allowed, StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void Project_uses_only_the_packages_of_its_layer(string projectPath)
    {
        var allowed = AllowedPackages[Path.GetFileNameWithoutExtension(projectPath)];

        var actual = Includes(projectPath, "PackageReference").Concat(Includes(projectPath, "FrameworkReference"));

        Assert.DoesNotContain(actual, package => !allowed.Any(name =>
            name.EndsWith('.') ? package.StartsWith(name, StringComparison.Ordinal) : package == name));
    }

    [Fact]
    public void Only_hosts_are_web_projects()
    {
        var web = Projects().Where(IsProduct).Where(path => Repository.Read(path).Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal));

        Assert.Equal(["AiSearch/AiSearch.csproj", "Api/Api.csproj", "Worker/Worker.csproj"], web);
    }

    [Fact]
    public void Stand_ins_know_nothing_of_the_product()
    {
        var offenders =
            from project in Projects().Where(path => path.IsBelow("eng/"))
            from reference in Includes(project, "ProjectReference")
            where !reference.StartsWith("../", StringComparison.Ordinal)
                || (reference.StartsWith("../../", StringComparison.Ordinal) && !reference.EndsWith("/tests/Testing/Testing.csproj", StringComparison.Ordinal))
            select $"{project} references {reference}";

        Assert.Empty(offenders);
    }

    [Fact]
    public void Product_projects_reference_neither_tests_nor_stand_ins()
    {
        var offenders =
            from project in Projects().Where(IsProduct)
            from reference in Includes(project, "ProjectReference")
            where reference.Contains("/tests/", StringComparison.Ordinal) || reference.Contains("/eng/", StringComparison.Ordinal)
            select $"{project} references {reference}";

        Assert.Empty(offenders);
    }

    [Theory]
    [MemberData(nameof(OwnProjects))]
    public void Every_project_is_in_the_solution(string projectPath) =>
        Assert.Contains($"<Project Path=\"{projectPath}\"", Repository.Read("Workflows.Aspire.slnx"), StringComparison.Ordinal);

    [Fact]
    public void Versions_are_named_in_one_place()
    {
        var offenders =
            from project in Projects()
            from reference in XDocument.Parse(Repository.Read(project)).Descendants("PackageReference")
            where reference.Attribute("Version") is not null || reference.Attribute("VersionOverride") is not null
            select $"{project}: {reference.Attribute("Include")?.Value}";

        Assert.Empty(offenders);
    }

    private static IReadOnlyList<string> Projects() => Repository.Files(".csproj");

    private static bool IsProduct(string path) => !path.IsBelow("tests/", "bench/", "eng/");

    private static IEnumerable<string> Includes(string projectPath, string item) =>
        XDocument.Parse(Repository.Read(projectPath)).Descendants(item)
            .Select(element => element.Attribute("Include")!.Value.Replace('\\', '/'));
}
