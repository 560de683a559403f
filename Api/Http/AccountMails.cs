using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Workflows.Api.Http.Security;
using Workflows.Data.ControlPlane;

namespace Workflows.Api.Http;

/// <summary>
/// What people are mailed about their accounts: written in the transaction of what it tells of, sent afterwards. Texts
/// hold nothing that a stranger can choose but addresses, so that nobody has the platform send what they like.
/// </summary>
internal sealed class AccountMails(MailSettings settings, Tokens tokens)
{
    /// <summary>Null when mails with links can be sent.</summary>
    public Problem? Missing => settings.CanSend ? null : new Problem(Errors.MailNotConfigured);

    /// <summary>Where a link leads; null when the platform does not know its own address.</summary>
    public string? AddressOf(string token, LinkKind kind) => settings.PublicUrl is { } url
        ? $"{url}/{PageOf(kind)}/{token}"
        : null;

    /// <summary>The token of a link that was just made.</summary>
    public string TokenOf(AccountLink link) =>
        tokens.NewLinkToken(new LinkToken(KindOf(link.Kind), link.TenantId, link.Id));

    /// <summary>What a link of <c>account_links</c> is opened as.</summary>
    public static LinkKind KindOf(string kind) => kind switch
    {
        AccountLink.OfInvitation => LinkKind.Invitation,
        AccountLink.OfPasswordReset => LinkKind.PasswordReset,
        AccountLink.OfEmailVerification or AccountLink.OfEmailChange => LinkKind.EmailVerification,
        AccountLink.OfRegistration => LinkKind.Registration,
        _ => throw new InvalidOperationException($"There is no kind of link '{kind}'."),
    };

    /// <summary>Ends what open links of the same kind there are, and adds another one.</summary>
    public static async Task<AccountLink> ReplaceLinkAsync(
        ApiRequest request, string kind, Guid ofWhom, string email, DateTimeOffset expiresAt, CancellationToken token)
    {
        var isInvitation = kind == AccountLink.OfInvitation;
        await LinksOf(request.Db, kind, ofWhom).Where(row => row.EndedAt == null)
            .ExecuteUpdateAsync(row => row.SetProperty(link => link.EndedAt, request.Now), token);
        var made = new AccountLink
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Kind = kind,
            UserId = isInvitation ? null : ofWhom,
            InvitationId = isInvitation ? ofWhom : null,
            Email = email,
            CreatedAt = request.Now,
            ExpiresAt = expiresAt,
        };
        request.Db.AccountLinks.Add(made);
        return made;
    }

    /// <summary>Whether so many links of the kind were made within the hour that no further one is.</summary>
    public static async Task<bool> AreTooManyAsync(
        ApiRequest request, string kind, Guid ofWhom, CancellationToken token)
    {
        var since = request.Now - TimeSpan.FromHours(1);
        return await LinksOf(request.Db, kind, ofWhom).CountAsync(row => row.CreatedAt > since, token)
            >= Limits.LinksPerHour;
    }

    public async Task InviteAsync(ApiRequest request, AccountLink link, CancellationToken token)
    {
        var tenant = await TenantAsync(request, token);
        Add(
            request, "invitation", link.Email, $"You are invited to {tenant}", link,
            $"You are invited to join {tenant}. Open this link to choose a name and a password. {Once(link)}",
            "If you did not expect this, leave it: nothing happens.");
    }

    public async Task ResetPasswordAsync(ApiRequest request, AccountLink link, CancellationToken token) => Add(
        request, "password_reset", link.Email, "Choose a new password", link,
        $"Somebody asked for a new password of your account at {await TenantAsync(request, token)}. Open this link to "
            + $"choose one. {Once(link)}",
        "If it was not you, leave it: your password stays as it is.");

    public async Task VerifyAsync(ApiRequest request, AccountLink link, CancellationToken token) => Add(
        request, "email_verification", link.Email, "Confirm your e-mail address", link,
        $"Open this link to confirm that this is the address of your account at {await TenantAsync(request, token)}. "
            + Once(link),
        "If you have no account there, leave it: nothing happens.");

    public void Register(ApiRequest request, AccountLink link) => Add(
        request, "registration", link.Email, "Register your company", link,
        $"Somebody asked to register a company with this address. Open this link to do so. {Once(link)}",
        "If it was not you, leave it: nothing happens.");

    /// <summary>Tells the present address of an account that another one was named.</summary>
    public async Task TellOfNewAddressAsync(ApiRequest request, string email, CancellationToken token) => Add(
        request, "email_change", email, "The e-mail address of your account is to change", null,
        $"Another e-mail address was named for your account at {await TenantAsync(request, token)}. It takes the place "
            + "of this one once it is confirmed.",
        "If it was not you, change your password now and ask who manages users.");

    public async Task TellOfNewPasswordAsync(ApiRequest request, string email, CancellationToken token) => Add(
        request, "password_changed", email, "Your password was changed", null,
        $"A new password was set for your account at {await TenantAsync(request, token)}, by a link that was mailed to "
            + "this address. All sessions have ended.",
        "If it was not you, ask who manages users.");

    private static IQueryable<AccountLink> LinksOf(WorkflowsDbContext db, string kind, Guid ofWhom) =>
        kind == AccountLink.OfInvitation
            ? db.AccountLinks.Where(row => row.InvitationId == ofWhom)
            : db.AccountLinks.Where(row => row.UserId == ofWhom && row.Kind == kind);

    private static Task<string> TenantAsync(ApiRequest request, CancellationToken token) =>
        request.Db.Tenants.Select(tenant => tenant.Name).SingleAsync(token);

    private static string Once(AccountLink link) => string.Create(
        CultureInfo.InvariantCulture, $"It works once, until {link.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC.");

    private static string PageOf(LinkKind kind) => kind switch
    {
        LinkKind.Invitation => "invite",
        LinkKind.PasswordReset => "reset-password",
        LinkKind.EmailVerification => "verify-email",
        LinkKind.Registration => "register",
    };

    private void Add(
        ApiRequest request, string kind, string recipient, string subject, AccountLink? link, params string[] lines)
    {
        if (!settings.CanSend)
        {
            return; // what only tells of something is not worth refusing it
        }

        request.Db.Mails.Add(new Mail
        {
            TenantId = request.Caller.TenantId,
            Id = Guid.CreateVersion7(request.Now),
            Kind = kind,
            Recipient = recipient,
            Subject = subject,
            Text = string.Join('\n', lines),
            LinkId = link?.Id,
            NotBefore = request.Now,
            CreatedAt = request.Now,
        });
    }
}
