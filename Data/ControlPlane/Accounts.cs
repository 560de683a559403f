using Microsoft.EntityFrameworkCore;

namespace Workflows.Data.ControlPlane;

/// <summary>Somebody who was asked to join a tenant.</summary>
public sealed class Invitation : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Email { get; set; }

    /// <summary>What to call the person until they say it themselves.</summary>
    public string? Name { get; set; }

    public required Guid[] RoleIds { get; set; }

    public required Guid[] GroupIds { get; set; }

    public Guid? InvitedBy { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    public DateTimeOffset? AcceptedAt { get; set; }

    public DateTimeOffset? RevokedAt { get; set; }

    /// <summary>Who it made.</summary>
    public Guid? UserId { get; set; }
}

/// <summary>A link that works once. Its token is signed over the id; nothing that opens anything is stored.</summary>
public sealed class AccountLink : ITenantRow
{
    public const string OfInvitation = "invitation";
    public const string OfPasswordReset = "password_reset";
    public const string OfEmailVerification = "email_verification";
    public const string OfEmailChange = "email_change";
    public const string OfRegistration = "registration";

    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    /// <summary>One of the constants.</summary>
    public required string Kind { get; set; }

    /// <summary>Of all but invitations and registrations.</summary>
    public Guid? UserId { get; set; }

    public Guid? InvitationId { get; set; }

    /// <summary>The address that it was sent to, which whoever has it has shown to be theirs.</summary>
    public required string Email { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>It was used, or another one took its place.</summary>
    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>A mail of the platform; sent by <see cref="Mails.MailStore"/>'s reader.</summary>
public sealed class Mail : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid Id { get; set; }

    public required string Kind { get; set; }

    public required string Recipient { get; set; }

    public required string Subject { get; set; }

    /// <summary>Without the link, which is put below it when the mail is sent.</summary>
    public required string Text { get; set; }

    public Guid? LinkId { get; set; }

    public DateTimeOffset NotBefore { get; set; }

    public int Attempts { get; set; }

    /// <summary>Why the last attempt failed.</summary>
    public string? Error { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? SentAt { get; set; }

    /// <summary>When it was given up.</summary>
    public DateTimeOffset? FailedAt { get; set; }
}

/// <summary>The secret of a person's authenticator app, sealed.</summary>
public sealed class SecondFactor : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    /// <summary>The master key that it is sealed under.</summary>
    public required string KeyId { get; set; }

    public required byte[] Sealed { get; set; }

    /// <summary>Of the last code that was accepted: none is accepted twice.</summary>
    public long LastStep { get; set; }

    public DateTimeOffset CreatedAt { get; set; }

    /// <summary>It counts from here on.</summary>
    public DateTimeOffset? ConfirmedAt { get; set; }

    /// <summary>What the secret is sealed for.</summary>
    public static string PurposeOf(Guid userId) => $"second-factor:{userId}";
}

/// <summary>A code that stands in for the second factor once.</summary>
public sealed class RecoveryCode : ITenantRow
{
    public Guid TenantId { get; set; }

    public Guid UserId { get; set; }

    public required byte[] Hash { get; set; }

    public DateTimeOffset? UsedAt { get; set; }
}

internal static class AccountsModel
{
    public static void Build(ModelBuilder model, WorkflowsDbContext context)
    {
        model.Entity<Invitation>(invitation =>
        {
            invitation.ToTable("invitations").HasKey(row => new { row.TenantId, row.Id });
            invitation.HasQueryFilter(row => row.TenantId == context.TenantId);
            // The order of inserts within one save follows these keys.
            invitation.HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
        });
        model.Entity<AccountLink>(link =>
        {
            link.ToTable("account_links").HasKey(row => new { row.TenantId, row.Id });
            link.HasQueryFilter(row => row.TenantId == context.TenantId);
            link.HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
            link.HasOne<Invitation>().WithMany().HasForeignKey(row => new { row.TenantId, row.InvitationId });
        });
        model.Entity<Mail>(mail =>
        {
            mail.ToTable("mails").HasKey(row => new { row.TenantId, row.Id });
            mail.HasQueryFilter(row => row.TenantId == context.TenantId);
            mail.HasOne<AccountLink>().WithMany().HasForeignKey(row => new { row.TenantId, row.LinkId });
        });
        model.Entity<SecondFactor>(factor =>
        {
            factor.ToTable("second_factors").HasKey(row => new { row.TenantId, row.UserId });
            factor.HasQueryFilter(row => row.TenantId == context.TenantId);
        });
        model.Entity<RecoveryCode>(code =>
        {
            code.ToTable("recovery_codes").HasKey(row => new { row.TenantId, row.UserId, row.Hash });
            code.HasQueryFilter(row => row.TenantId == context.TenantId);
            code.HasOne<SecondFactor>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
        });
        model.Entity<UserGroup>().HasOne<User>().WithMany().HasForeignKey(row => new { row.TenantId, row.UserId });
    }
}
