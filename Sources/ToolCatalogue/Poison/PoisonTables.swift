/// The words by which poisoned definitions are found, as data: a kind, then its words; `+` joins two words in sequence.
enum PoisonTables {
    static let concepts = """
        override: ignore disregard forget bypass circumvent ignora ignore ignorer ignoriere игнорируй игнорировать olvida \
        esqueca oublie vergiss забудь discard skip+past set+aside pay+no no+longer+follow dismiss

        overrule: override overrule supersede supersedes overrides overriding replaces outranks

        prior: previous prior above earlier preceding former existing anteriores anterior previas precedentes vorherigen \
        vorigen предыдущие previously before system original initial developer other safety security your given

        instruction: instruction instructions rule rules guideline guidelines prompt prompts directive directives \
        guardrail guardrails restriction restrictions safeguards instrucciones instrucoes consignes anweisungen \
        инструкции training constraints protocols alignment orders programming

        negation: not never without don doesn mustn shouldn avoid refrain nunca nao ne jamais nicht не don't no cannot won \
        sin sem sans ohne nie nothing

        tell: tell mention inform reveal notify disclose alert telling mentioning informing revealing notifying disclosing \
        alerting report reporting explain acknowledge divulge decir mencionar informar revelar contar dire erwahnen \
        сообщай сообщать упоминай упоминать говори let+know letting bring+up talk+about speak+of hint discuss warn

        user: user users human humans operator owner person customer anyone anybody usuario utilisateur benutzer nutzer \
        пользователю пользователь

        aware: know see notice aware find learn realise realize suspect noticing informed told notified discover visible \
        awareness knowledge knowing

        hide: hide conceal hidden secret secretly confidential mask disguise withhold obscure invisible undisclosed \
        cover+up keep+quiet under+wraps between+us off+record

        from: from

        covert: silently secretly quietly covertly discreetly stealthily invisibly unnoticed transparently imperceptibly \
        surreptitiously background+first quiet

        read: read open cat load fetch retrieve access obtain copy extract collect gather grab include attach scan dump \
        view list parse get lee lies lire прочитай print harvest look find locate search contents content pull

        send: send forward upload post transmit email exfiltrate relay leak copy bcc cc deliver submit \
        sends forwarding sending route redirect ship share envia envoie sende отправь call pass append attach include \
        mirror beacon dispatch

        pass: pass include put append attach insert supply provide embed place paste encode add concatenate store write \
        sent send fill set submit populate

        into: parameter argument field param arguments parameters sidenote metadata note notes context header body url \
        query request value as

        hardsecret: id+rsa id+ed25519 aws+credentials etc+passwd etc+shadow authorized+keys wallet+dat bash+history \
        zsh+history git+credentials netrc pypirc npmrc gnupg kube+config mcp+json desktop+config ssh+config docker+config \
        ssh+id login+keychain cookies+sqlite shadow+file passwd+file password+database known+hosts \
        claude+json service+account+json gcloud+credentials private+ssh

        softsecret: environment+variables env+file api+keys api+key private+key private+keys seed+phrase passwords \
        password secrets tokens cookies credentials credential mnemonic access+token session+token dotenv env+variables \
        credit+card card+number social+security recovery+phrase environment+variable auth+token bearer+token

        please: please

        talk: conversation transcript chat+history message+history system+prompt conversations chat+log \
        previous+messages prior+messages entire+context full+context earlier+messages messages+so dialogue \
        your+instructions chat+logs system+message context+window

        outside: webhook attacker external exfil elsewhere third+party ngrok outside

        cond: when whenever if before after once prior each every always anytime upon during while

        tool: tool tools function functions server servers plugin plugins mcp

        othertool: other+tool other+tools another+tool any+tool all+tools every+tool other+server other+servers \
        another+server other+mcp existing+tools different+tool built+in native+tool trusted+tool competing+tools \
        remaining+tools alternative+tools

        called: called used invoked executed using calling invoking call use run running present triggered \
        installed connected

        force: must always never required mandatory need ensure shall only instead

        change: change replace redirect modify alter rewrite swap substitute set reroute override tamper edit adjust

        recipient: recipient recipients address bcc cc destination account iban wallet beneficiary payee to

        rank: precedence priority preferred favor favour prefer prioritize prioritise first default preference

        trust: trust deprecated broken insecure unsafe compromised untrusted unreliable vulnerable malicious outdated \
        disabled

        approved: approved authorized authorised consented confirmed agreed permitted allowed granted preapproved \
        pre+approved pre+authorized cleared permission consent

        already: already pre previously beforehand advance

        ask: ask asking request requesting prompt require requiring seek wait

        permission: permission confirmation approval consent authorization authorisation confirm verification

        role: you+are+now new+instructions system+override developer+mode god+mode jailbreak \
        unrestricted+mode real+instructions actual+instructions hidden+instructions \
        secret+instructions true+purpose dan+mode new+directive updated+instructions\
        act+as+root secret+task hidden+task

        file: file files directory folder path contents content disk home filesystem

        dest: zzdestination

        model: assistant model llm agent ai you claude gpt copilot

        behave: respond answer reply output act behave comply obey follow begin start say claim pretend

        run: run execute exec launch eval shell bash command curl wget powershell install download

        personal: password passwords pin ssn card email phone address birth location secrets tokens medical bank cvv

        every: every all each always any entire full complete whole

        step: step first beforehand prerequisite

        this: this these that it
        """
}
