using System.Reflection;
using System.Text.RegularExpressions;
using Workflows.Api.Http;
using Workflows.Testing;

namespace Workflows.Api.Tests.Http;

public sealed partial class ErrorCodeTests
{
    [Fact]
    public void The_documentation_lists_exactly_the_codes_there_are()
    {
        var documented = Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", "errors.md")))
            .Select(row => (row.Groups[1].Value, int.Parse(row.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture), row.Groups[3].Value));

        Assert.Equal(Errors.All.Select(error => (error.Code, error.Status, error.Meaning)), documented);
    }

    [Fact]
    public void Every_code_is_in_the_list_once()
    {
        var declared = typeof(Errors).GetFields(BindingFlags.Static | BindingFlags.Public).Select(field => field.GetValue(null)).OfType<ErrorCode>().ToList();

        Assert.Equal(declared.Count, Errors.All.Count);
        Assert.Equal(declared.Count, Errors.All.Select(error => error.Code).Distinct().Count());
        Assert.All(declared, error => Assert.Contains(error, Errors.All));
        Assert.All(declared, error => Assert.InRange(error.Status, 400, 599));
    }

    [GeneratedRegex(@"^\| `([A-Z_]+)` \| (\d+) \| (.*) \|\r?$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
