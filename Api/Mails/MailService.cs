using Workflows.Api.Http;
using Workflows.Api.Http.Security;
using Workflows.Connectors;
using Workflows.Data.Mails;
using Workflows.Data.Rounds;
using Workflows.Engine.Connectors;

namespace Workflows.Api.Mails;

/// <summary>
/// Sends the mails of the platform. Each instance does it; a mail goes to one of them. Guarantees: what was committed
/// is sent at least once, every time with the same Message-ID, or is given up after a day and shows why; a link that
/// ended meanwhile is not sent.
/// </summary>
internal sealed class MailService(
    MailStore queue, MailSettings settings, AccountMails mails, SmtpConnector smtp, Tokens tokens, Loop loop,
    TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var forgetting = loop.RunAsync("Removing old mails", ForgetAsync, stoppingToken);
        return settings.CanSend
            ? Task.WhenAll(
                forgetting, loop.RunAsync("Sending mails", SendAsync, stoppingToken, longestRound: Limits.MailLease))
            : forgetting;
    }

    private async Task<TimeSpan> ForgetAsync(CancellationToken cancellationToken) =>
        await queue.ForgetAsync(Limits.MailsKept, Limits.ForgottenPerRound, cancellationToken)
            >= Limits.ForgottenPerRound ? TimeSpan.Zero : Hour;

    private async Task<TimeSpan> SendAsync(CancellationToken cancellationToken)
    {
        var due = await queue.ClaimAsync(Limits.MailsPerRound, Limits.MailLease, cancellationToken);
        foreach (var mail in due)
        {
            await SendAsync(mail, cancellationToken);
        }

        return due.Count == Limits.MailsPerRound ? TimeSpan.Zero : Pause;
    }

    private async Task SendAsync(DueMail mail, CancellationToken cancellationToken)
    {
        var failure = mail.IsLinkGood
            ? await TrySendAsync(mail, cancellationToken)
            : new ConnectorException("EMAIL_LINK_ENDED", "Its link ended before it was sent.");
        var now = clock.GetUtcNow();
        if (failure is null)
        {
            await queue.SentAsync(mail, now, cancellationToken);
            return;
        }

        var isForGood = IsForGood(failure) || now - mail.CreatedAt >= Limits.MailPatience;
        var at = isForGood ? now : now + RetryAfter(mail.Attempts);
        await queue.FailedAsync(mail, $"{failure.Code}: {failure.Message}", at, isForGood, cancellationToken);
    }

    private async Task<ConnectorException?> TrySendAsync(DueMail mail, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Limits.MailTimeout);
        try
        {
            using var composed = smtp.Compose(Message(mail));
            await SmtpConnector.SendAsync(settings.Server!, composed, timeout.Token);
            return null;
        }
        catch (ConnectorException exception)
        {
            return exception;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new ConnectorException(
                "EMAIL_TIMEOUT",
                $"The mail server took longer than {Limits.MailTimeout.TotalSeconds:0} s.",
                isTransient: true);
        }
    }

    private MailMessage Message(DueMail mail) => new()
    {
        From = settings.From!,
        To = [mail.Recipient],
        Subject = mail.Subject,
        Text = mail.LinkId is { } link ? $"{mail.Text}\n\n{Address(mail, link)}\n" : $"{mail.Text}\n",
        IdempotencyKey = $"platform mail {mail.TenantId} {mail.Id}",
    };

    private string? Address(DueMail mail, Guid link)
    {
        var kind = AccountMails.KindOf(mail.LinkKind!);
        return mails.AddressOf(tokens.NewLinkToken(new LinkToken(kind, mail.TenantId, link)), kind);
    }

    // What the server says of this message or its recipient. What it says of us (login, TLS) is the operator's to mend.
    private static bool IsForGood(ConnectorException failure) =>
        failure.Code is "EMAIL_INVALID" or "EMAIL_LINK_ENDED"
            or "EMAIL_501" or "EMAIL_550" or "EMAIL_551" or "EMAIL_552" or "EMAIL_553" or "EMAIL_554";

    internal static TimeSpan RetryAfter(int attempts) =>
        TimeSpan.FromTicks(Math.Min(
            Limits.LongestMailRetry.Ticks, Limits.FirstMailRetry.Ticks << Math.Clamp(attempts - 1, 0, 16)));
}
