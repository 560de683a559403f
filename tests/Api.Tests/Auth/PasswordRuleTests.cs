using System.Diagnostics;
using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Tests.Auth;

public sealed class PasswordRuleTests
{
    private static readonly string[] About = ["ada@example.com", "ada.lovelace", "Ada Lovelace", "Analytical Engines"];

    [Theory]
    [InlineData("            ")]
    [InlineData("aaaaaaaaaaaa")]
    [InlineData("abababababab")]
    [InlineData("abcdefabcdef")]
    [InlineData("123456789012")]
    [InlineData("ponmlkjihgfedcba")]
    [InlineData("qwertyuiopas")]
    [InlineData("ada@example.com")]
    [InlineData("ADA@Example.com1")]
    [InlineData("Password1234!")]
    [InlineData("P@ssw0rd2024")]
    [InlineData("Lovelace1815")]
    [InlineData("AnalyticalEngines1")]
    [InlineData("short one")]
    public void What_is_guessed_at_once_is_refused(string password) =>
        Assert.NotNull(PasswordRules.Problem(password, About));

    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("83$#@!%^&*()")]
    [InlineData("Straße über Köln")]
    [InlineData("パスワードは秘密ですよ、本当")]
    [InlineData("my admin likes green tea")]
    [InlineData("Zyzzogeton Quinby")]
    public void What_nobody_guesses_is_taken(string password) =>
        Assert.Null(PasswordRules.Problem(password, About));

    [Fact]
    public void What_names_the_person_or_the_tenant_makes_no_password_of_theirs()
    {
        const string Password = "Zyzzogeton Quinby";

        Assert.Null(PasswordRules.Problem(Password, About));
        Assert.NotNull(PasswordRules.Problem(Password, "Zyzzogeton", "Quinby"));
    }

    [Fact]
    public void It_says_what_makes_a_password_weak_and_what_would_help()
    {
        var problem = PasswordRules.Problem("Password1234!", About)!;

        Assert.Equal(
            "The password is too easy to guess. It holds a password that many people use, a common word. "
                + "Add another word or two; rare ones are better.", problem);
        Assert.Contains(
            "a name or an address of yours", PasswordRules.Problem("Lovelace1815", About)!, StringComparison.Ordinal);
        Assert.Contains(
            "a sequence such as", PasswordRules.Problem("ponmlkjihgfedcba", About)!, StringComparison.Ordinal);
    }

    [Fact]
    public void Those_that_we_make_are_taken() =>
        Assert.All(Enumerable.Range(0, 200).Select(_ => Tokens.NewPassword()), password =>
            Assert.Null(PasswordRules.Problem(password, "owner@localhost")));

    [Fact]
    public void Too_long_a_password_is_refused() =>
        Assert.NotNull(PasswordRules.Problem(string.Concat(Enumerable.Range(0, 100).Select(i => $"{i}x"))));

    /// <summary>The longest ones that are looked at, of what the estimate takes longest for.</summary>
    [Theory]
    [InlineData("a1")]
    [InlineData("password")]
    [InlineData("2026")]
    [InlineData("@4$3!0")]
    public void Nobody_makes_the_assessment_take_long(string unit)
    {
        var password = string.Concat(Enumerable.Repeat(unit, 256))[..Limits.PasswordMaxLength];
        PasswordRules.Problem(password, About);
        var watch = Stopwatch.StartNew();

        PasswordRules.Problem(password, About);

        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(2), watch.Elapsed.ToString());
    }
}
