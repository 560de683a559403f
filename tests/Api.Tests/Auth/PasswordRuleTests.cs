using Workflows.Api.Http;
using Workflows.Api.Http.Security;

namespace Workflows.Api.Tests.Auth;

public sealed class PasswordRuleTests
{
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
    [InlineData("admin-secret-2026")]
    [InlineData("short one")]
    public void What_is_guessed_at_once_is_refused(string password) =>
        Assert.NotNull(PasswordRules.Problem(password, "ada@example.com"));

    [Theory]
    [InlineData("correct horse battery")]
    [InlineData("83$#@!%^&*()")]
    [InlineData("Straße über Köln")]
    [InlineData("パスワードは秘密ですよ、本当")]
    [InlineData("my admin likes green tea")]
    public void What_nobody_guesses_is_taken(string password) =>
        Assert.Null(PasswordRules.Problem(password, "ada@example.com"));

    [Fact]
    public void Those_that_we_make_are_taken() =>
        Assert.All(Enumerable.Range(0, 2_000).Select(_ => Tokens.NewPassword()), password =>
            Assert.Null(PasswordRules.Problem(password, "owner@localhost")));

    [Fact]
    public void Too_long_a_password_is_refused() =>
        Assert.NotNull(PasswordRules.Problem(string.Concat(Enumerable.Range(0, 100).Select(i => $"{i}x")), null));
}
