using System.Text;
using Workflows.Engine.Executions;
using Workflows.Testing;

namespace Workflows.Worker.Tests.Nodes;

/// <summary>The email node against a small real mail server.</summary>
public sealed class EmailNodeRunnerTests(PostgresServer server) : IAsyncLifetime
{
    private readonly MailServer _mail = new() { User = ("robot", "mail-password") };
    private ConnectorBed _bed = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await ConnectorBed.CreateAsync(server);
        await ConnectAsync("mail", ("tls", "none"), ("username", "robot"), ("password", "mail-password"), ("from", "Shop <shop@example.com>"));
    }

    public async ValueTask DisposeAsync()
    {
        await _bed.DisposeAsync();
        await _mail.DisposeAsync();
    }

    [Fact]
    public async Task A_message_arrives_with_all_its_parts()
    {
        var output = await _bed.SucceedAsync("email", new
        {
            connector = "mail",
            to = new[] { "Käthe <kaethe@example.com>", "b@example.com" },
            cc = "c@example.com",
            bcc = "hidden@example.com",
            subject = "Bestellung über 5 €",
            text = "Grüße\n.\nEnde",
            html = "<p>Grüße</p>",
            attachments = new[] { new { name = "ä.csv", contentType = "text/csv", content = Convert.ToBase64String("a;b"u8) } },
        });

        var mail = Assert.Single(_mail.Mails);
        Assert.Equal("shop@example.com", mail.From);
        Assert.Equal(["kaethe@example.com", "b@example.com", "c@example.com", "hidden@example.com"], mail.To);
        Assert.Equal($"=?utf-8?B?{Convert.ToBase64String(Encoding.UTF8.GetBytes("Bestellung über 5 €"))}?=", mail.Header("Subject"));
        Assert.Equal("\"Shop\" <shop@example.com>", mail.Header("From"));
        Assert.DoesNotContain("hidden", mail.Content, StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes("Grüße\n.\nEnde")), mail.Content, StringComparison.Ordinal);
        Assert.Contains(Convert.ToBase64String(Encoding.UTF8.GetBytes("<p>Grüße</p>")), mail.Content, StringComparison.Ordinal);
        Assert.Contains("filename*=utf-8''%C3%A4.csv", mail.Content, StringComparison.Ordinal);
        Assert.Equal(mail.Header("Message-ID"), output["messageId"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_message_sent_again_after_a_crash_has_the_same_id()
    {
        var execution = Guid.CreateVersion7();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            await _bed.SucceedAsync("email", Message(), execution);
        }

        await _bed.SucceedAsync("email", Message(), execution, node: "other");

        var ids = _mail.Mails.Select(mail => mail.Header("Message-ID")).ToList();
        Assert.Equal((3, 2), (ids.Count, ids.Distinct().Count()));
    }

    [Theory]
    [InlineData("subject", "Hello\r\nBcc: victim@example.com")]
    [InlineData("subject", "Hello\nX: y")]
    [InlineData("to", "a@example.com\r\nBcc: victim@example.com")]
    [InlineData("to", "a@example.com>\r\nRCPT TO:<victim@example.com")]
    [InlineData("to", "\"a\r\nb\"@example.com")]
    [InlineData("from", "a@example.com\r\nSender: x@example.com")]
    [InlineData("replyTo", "Name\r\nX: y <a@example.com>")]
    [InlineData("to", "not an address")]
    [InlineData("to", "a@exämple.com")]
    public async Task No_value_becomes_a_header_a_command_or_a_recipient(string field, string value)
    {
        var error = await _bed.FailAsync("email", Message(field, value));

        Assert.Equal("EMAIL_INVALID", error.Code);
        Assert.Empty(_mail.Mails);
        Assert.DoesNotContain(_mail.Commands, command => command.Contains("victim", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_text_cannot_end_the_message_early()
    {
        await _bed.SucceedAsync("email", Message("text", "one\r\n.\r\nMAIL FROM:<victim@example.com>\r\n"));

        Assert.Single(_mail.Mails);
        Assert.DoesNotContain(_mail.Commands, command => command.Contains("victim", StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_attachment_cannot_add_a_header()
    {
        var error = await _bed.FailAsync("email", new
        {
            connector = "mail", to = "a@example.com", subject = "s", text = "t",
            attachments = new[] { new { name = "a", contentType = "text/plain\r\nX: y", content = "" } },
        });

        Assert.Equal("EMAIL_INVALID", error.Code);
    }

    [Theory]
    [InlineData("MAIL FROM", "451 later", "EMAIL_451", StepErrorKind.Transient)]
    [InlineData("RCPT TO:<bad", "550 nobody", "EMAIL_550", StepErrorKind.Permanent)]
    [InlineData("AUTH", "535 no", "EMAIL_535", StepErrorKind.Permanent)]
    public async Task What_the_server_refuses_is_tried_again_when_it_says_so(string command, string answer, string code, StepErrorKind kind)
    {
        _mail.Answers[command] = answer;

        var error = await _bed.FailAsync("email", Message("to", "bad@example.com"));

        Assert.Equal((code, kind), (error.Code, error.Kind));
        Assert.Empty(_mail.Mails);
    }

    [Fact]
    public async Task Without_the_tls_that_the_connector_asks_for_nothing_is_said()
    {
        await ConnectAsync("careful", ("username", "robot"), ("password", "mail-password"), ("from", "a@example.com"));

        Assert.Equal("EMAIL_TLS", (await _bed.FailAsync("email", Message("connector", "careful"))).Code);
        Assert.DoesNotContain(_mail.Commands, command => command.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mail_server_in_a_private_network_is_refused()
    {
        await using var guarded = await ConnectorBed.CreateAsync(server, allow: []);
        await guarded.Bed.AddConnectorAsync("mail", "smtp", ("host", "127.0.0.1"), ("port", $"{_mail.Port}"), ("tls", "none"), ("from", "a@example.com"));

        Assert.Equal("EMAIL_TARGET_REFUSED", (await guarded.FailAsync("email", Message())).Code);
        Assert.Empty(_mail.Commands);
    }

    private static Dictionary<string, object> Message(string? field = null, string? value = null)
    {
        var message = new Dictionary<string, object> { ["connector"] = "mail", ["to"] = "a@example.com", ["subject"] = "s", ["text"] = "t" };
        if (field is not null)
        {
            message[field] = value!;
        }

        return message;
    }

    private Task ConnectAsync(string name, params (string, string)[] config) =>
        _bed.Bed.AddConnectorAsync(name, "smtp", [("host", "127.0.0.1"), ("port", $"{_mail.Port}"), .. config]);
}
