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
        ["Connectors"] = ["Engine"],
        ["Data"] = ["Engine"],
        ["Models"] = ["Connectors", "Data"],
        ["Api"] = ["Connectors", "Data", "Engine", "Models", "ServiceDefaults"],
        ["Worker"] = ["Connectors", "Data", "Engine", "Models", "ServiceDefaults"],
        ["AiSearch"] = ["Data", "ServiceDefaults"],
        ["AppHost"] = ["AiSearch", "Api", "Worker"],
    };

    /// <summary>
    /// Names, or beginnings of names that end with a dot. The pure projects use the base library, and the engine the
    /// rules of time zones (ADR 22).
    /// </summary>
    private static readonly Dictionary<string, string[]> AllowedPackages = new()
    {
        ["Jsonata"] = [],
        ["Engine"] = ["NodaTime"],
        ["ServiceDefaults"] =
        [
            "Microsoft.AspNetCore.App", "Microsoft.Extensions.Http.Resilience", "Microsoft.Extensions.ServiceDiscovery",
            "Npgsql.OpenTelemetry", "OpenTelemetry.",
        ],
        ["Connectors"] =
        [
            "AWSSDK.S3", "BitFaster.Caching", "MailKit", "Microsoft.IdentityModel.Protocols.OpenIdConnect", "Npgsql",
        ],
        ["Data"] =
        [
            "BitFaster.Caching", "Microsoft.EntityFrameworkCore.", "Microsoft.Extensions.", "NodaTime", "Npgsql",
            "Npgsql.EntityFrameworkCore.PostgreSQL", "StackExchange.Redis",
        ],
        ["Api"] =
        [
            "Aspire.Npgsql.EntityFrameworkCore.PostgreSQL", "Aspire.StackExchange.Redis", "Microsoft.AspNetCore.",
            "Otp.NET", "Scalar.AspNetCore", "YamlDotNet", "zxcvbn-core",
        ],
        ["Models"] =
            ["Anthropic", "Microsoft.Extensions.AI", "Microsoft.Extensions.AI.OpenAI", "OllamaSharp", "OpenAI"],
        ["Worker"] = ["Aspire.StackExchange.Redis"],
        ["AiSearch"] =
        [
            "AngleSharp", "Aspire.StackExchange.Redis", "FastBertTokenizer", "Microsoft.Extensions.AI.Abstractions",
            "Microsoft.ML.OnnxRuntime", "PdfPig", "Pgvector", "Sep", "System.Numerics.Tensors",
        ],
        ["AppHost"] = ["Aspire.Hosting.", "KubernetesClient", "YamlDotNet"],
    };

    public static TheoryData<string> ProductProjects() => [.. Projects().Where(IsProduct)];

    public static TheoryData<string> AllProjects() => [.. Projects()];

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
    public void Product_projects_reference_neither_tests_nor_tools()
    {
        var offenders =
            from project in Projects().Where(IsProduct)
            from reference in Includes(project, "ProjectReference")
            where reference.Contains("/tests/", StringComparison.Ordinal) || reference.Contains("/eng/", StringComparison.Ordinal)
            select $"{project} references {reference}";

        Assert.Empty(offenders);
    }

    [Theory]
    [MemberData(nameof(AllProjects))]
    public void Every_project_is_in_the_solution(string projectPath) => Assert.Contains(projectPath, Solution());

    [Fact]
    public void Every_project_of_the_solution_is_there() => Assert.Empty(Solution().Except(Projects()));

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

    private static IEnumerable<string> Solution() =>
        XDocument.Parse(Repository.Read("Workflows.Aspire.slnx")).Descendants("Project")
            .Select(project => project.Attribute("Path")!.Value);

    private static IReadOnlyList<string> Projects() => Repository.Files(".csproj");

    private static bool IsProduct(string path) => !path.IsBelow("tests/", "bench/", "eng/");

    private static IEnumerable<string> Includes(string projectPath, string item) =>
        XDocument.Parse(Repository.Read(projectPath)).Descendants(item)
            .Select(element => element.Attribute("Include")!.Value.Replace('\\', '/'));
}
