/// What the names of parameters tell, as data; names are compared in small letters without separators.
enum ParameterTables {
    /// By the whole name.
    static let whole = """
        code: code script source sourcecode javascript js python program snippet codesnippet jscode pythoncode \
        functionbody macro xcode lua applescript sourcetext evaluate codeblock
        query: sql sqlquery sqlstatement cypher cypherquery statement graphql graphqlquery promql jql soql kql \
        aql sparql mql dax gaql esql logql pipeline aggregation wherecondition
        shell: command cmd shell commandline shellcommand bash terminalcommand commands argv powershell
        url: url uri endpoint link href webhook webhookurl baseurl website site targeturl imageurl pageurl \
        callbackurl urls links host hostname domain
        path: path filepath file filename directory dir folder folderpath dirpath directorypath paths files inputpath \
        projectpath rootpath repopath sourcepath filepaths absolutepath workspacepath
        output: outputpath outputfile outputdir outputdirectory savepath saveto destinationpath outfile outputfilename \
        downloadpath downloaddir savedir outpath targetpath localpath outputfilepath savelocation exportpath \
        destinationfile outputfolder savefile
        recipients: to recipient recipients cc bcc toemail emailto tos recipientemail sendto phonenumber tonumber \
        phone mobile channelid chatid recipientid attendees emails toaddresses toaddress recipientaddress receiver
        amount: amount amounts total value amountin amountout price sum quantity lamports sats satoshis amountsats \
        tokenamount ethamount amountusd usdamount solamount payamount size shares qty stake
        recipientaddress: toaddress recipientaddress destinationaddress receiver recipient destination walletaddress \
        payee payeeid to toaddr receiveraddress beneficiary recipientwallet destinationaccount toaccount
        secret: password privatekey secret apikey accesstoken secretkey mnemonic seedphrase token clientsecret \
        passphrase authtoken pin credentials
        bulk: ids items records rows operations updates entries tasks objects documents files issues bulk batch all \
        messageids taskids recordids userids events contacts leads
        action: action actions operation operations method command verb op subcommand
        paging: page limit offset cursor pagesize perpage sort sortby order orderby pagetoken nextpagetoken top skip \
        maxresults startcursor fields include expand since until startdate enddate datefrom dateto
        content: content body text message data payload html comment value description title name newcontent newtext \
        newvalue subject
        overwrites: overwrite replace force upsert overwriteexisting replaceexisting forceoverwrite clobber
        wallet: privatekey walletaddress chain chainid network slippage slippagebps gas gaslimit gasprice mnemonic \
        tokenaddress tokenin tokenout fromtoken totoken walletid contractaddress keypair
        scope: resourcegroup resourcegroupname subscription subscriptionid vault vaultname

        method: method httpmethod verb requestmethod
        """

    /// By the last word of the name, where the whole one is not known.
    static let last = """
        url: url uri urls uris endpoint link
        path: path filepath filename directory dir folder paths
        query: sql
        shell: command
        code: code script
        recipients: recipients recipient email emails
        amount: amount
        secret: password secret
        bulk: ids
        """
}
