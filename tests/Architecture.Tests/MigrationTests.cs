using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Workflows.Architecture.Tests;

/// <summary>
/// A migration that has run somewhere cannot be changed: it would not run there again. Their hashes stand in
/// <c>migrations.sha256</c> beside this test, one line each; a new migration adds its lines, and no line ever changes.
/// </summary>
public sealed partial class MigrationTests
{
    private const string Folder = "Data/Migrations/";
    private const string HashFile = "tests/Architecture.Tests/migrations.sha256";

    [Fact]
    public void Migrations_are_the_ones_that_were_recorded()
    {
        var recorded = Repository.Read(HashFile).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var actual = Migrations().Select(path => Line(Path.GetFileName(path), Repository.Read(path))).ToArray();

        Assert.True(
            recorded.Order(StringComparer.Ordinal).SequenceEqual(actual.Order(StringComparer.Ordinal)),
            $"A new migration adds its lines to {HashFile}; `cd Data/Migrations && sha256sum NNNN_*` prints them. One that has landed is changed by the next one.\nNot recorded:\n{string.Join('\n', actual.Except(recorded))}\nRecorded and not there:\n{string.Join('\n', recorded.Except(actual))}");
    }

    [Fact]
    public void No_two_migrations_have_one_number_and_each_can_be_undone()
    {
        var names = Migrations().Select(path => Path.GetFileName(path)!).ToArray();
        var steps = names.Where(name => !name.EndsWith(".down.sql", StringComparison.Ordinal)).ToArray();

        Assert.All(names, name => Assert.Matches(MigrationName(), name));
        Assert.Equal(steps.Select(name => name[..4]).Distinct(), steps.Select(name => name[..4]));
        Assert.Equal(steps.Select(name => name.Replace(".sql", ".down.sql", StringComparison.Ordinal)), names.Except(steps));
    }

    [Fact]
    public void One_character_more_is_another_hash_and_a_carriage_return_is_not() =>
        Assert.Multiple(
            () => Assert.NotEqual(Line("0001_a.sql", "select 1;"), Line("0001_a.sql", "select 1; ")),
            () => Assert.Equal(Line("0001_a.sql", "select 1;\n"), Line("0001_a.sql", "select 1;\r\n")));

    private static IEnumerable<string> Migrations() => Repository.Files(".sql").Where(path => path.IsBelow(Folder));

    private static string Line(string name, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text.Replace("\r\n", "\n", StringComparison.Ordinal));
        return $"{Convert.ToHexStringLower(SHA256.HashData(bytes))}  {name}";
    }

    [GeneratedRegex(@"^\d{4}_[a-z0-9_]+(\.down)?\.sql$")]
    private static partial Regex MigrationName();
}
