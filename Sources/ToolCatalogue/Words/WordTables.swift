/// The words the rules know, as data: one line per kind, one word after another.
///
/// `~` before a verb says that it is as often a noun. English verbs are given in their plain form, the others follow
/// (`create`, `creates`, `creating`); words of other languages are given in every form that opens a description. Nothing
/// here names a product.
enum WordTables {
    /// English verbs by what they do.
    static let english = """
        read: get gets capture inform list fetch retrieve read search find lookup show describe view ~query browse count ~preview \
        obtain return ~display peek explore discover enumerate locate ~trace tail ~head ~stat grab collect gather \
        ~access inspect ~poll ~track ~monitor ~watch download ~export receive scrape crawl extract see whoami ~know \
        identify ls cat grep ~screenshot ~snapshot dump learn recall recommend ~suggest load gives shows tells \
        introspect diff blame ~survey select ~ask ~answer aggregate surface expose ~profile ~catalog consult pick

        look: check transcribe compress decompress ~roll validate verify analyze analyse compare calculate compute estimate convert transform translate \
        summarize summarise parse ~format evaluate assess ~score ~rank classify detect predict ~forecast simulate \
        encode decode hash tokenize ping ~test ~review ~audit ~lint diagnose ~debug explain ~plan think reason \
        reflect brainstorm ~measure ~filter ~sort ~match ~map ~count solve interpret ~help ~echo wait sleep \
        ~benchmark ~quote ~compute ~sample determine examine investigate study beautify minify prettify \
        normalize ~scan ~sum multiply subtract divide round derive infer visualize ~chart ~plot \
        traverse ~outline encrypt decrypt dry ~guide ~advise ~advice propose ~demo \
        cluster correlate contrast critique vectorize embed ~model geocode decompose walk \
        ~reference ~discuss ~provide ~greet ~teach research decompile disassemble

        add: create add ensure resubscribe ~favourite ~rate insert upload import ~post ~comment append attach register subscribe ~follow ~star ~like \
        bookmark ~favorite ~copy clone ~fork duplicate submit ~log ~record save ~store ~book reserve ~schedule \
        ~draft ~note ~vote upvote downvote make provision ~index ingest enqueue ~commit introduce new \
        ~bulkadd ~backup ~cache remember memorize ~tag ~label ~mkdir touch ~link instantiate ~reserve \
        crosspost ~repost retweet ~annotate ~prepend ~join enroll onboard ~seed ~spawn ~stage define establish \
        initialize initialise ~init ~setup place persist ~document ~compose ~author react \
        contribute populate materialize ~queue ~watchlist ~apply

        change: end update reactivate reactivar reactiva enforce ~refresh edit modify ~change set move rename replace ~patch ~put enable disable toggle ~pin \
        unpin ~mark assign unassign merge ~close reopen resolve unresolve approve reject ~archive unarchive restore cancel \
        unsubscribe unfollow unstar unlike configure ~sync synchronize write ~revert ~login logout \
        ~lock unlock activate deactivate suspend ~block unblock ban unban mute unmute ~adjust ~resize scale reorder \
        reprioritize ~complete finish undo redo ~rebase ~checkout ~stash ~push \
        ~switch reassign reschedule snooze dismiss acknowledge ~ack hide unhide ~promote demote \
        increment decrement ~transition relabel overwrite ~override ~customize customise upsert \
        ~transfer ~connect disconnect ~mount unmount detach unlink untag unlabel \
        ~share unshare grant ~permit authorize authorise revoke rotate regenerate renew extend ~upgrade downgrade \
        ~rewrite refactor ~fix ~paint ~color ~align ~group ungroup ~crop ~flip ~trim \
        ~tune ~reindex ~reset ~unset deregister unregister ~evict kick ~leave ~accept \
        ~decline ~refine recategorize delist undelete untrash ~expire invalidate manage \
        ~delegate ~administer handle ~control ~perform ~operate ~process ~curate ~maintain ~amend ~correct retire \
        ~mutate deprecate ~unpublish ~tick \
        ~ignore repoint ~adapt ~bind unbind ~authenticate reauthenticate ~auth ~use

        send: send ~request ~email ~mail ~message ~dm ~sms ~notify ~tweet ~broadcast ~announce ~reply ~forward publish ~text \
        ~invite respond ~chat ~alert

        run: ~run execute exec invoke initiate trigger retrigger ~sign reload rebuild reprocess reinstall reinitialize ~zoom ~start ~stop restart reboot launch deploy redeploy ~build ~compile \
        install uninstall ~call ~dial eval ~click doubleclick ~tap ~press ~swipe ~drag ~hover ~scroll navigate \
        ~goto ~open ~play ~pause resume ~skip kill abort halt ~shutdown wake boot ~exploit ~attack ~fuzz \
        brute ~spider ~dispatch deallocate ~orchestrate ~automate ~train finetune ~render ~print migrate failover \
        rollback ~retry rerun ~replay ~turn ~drive ~fly ~fill ~interact ~script ~shell \
        ~emulate ~hack ~inject ~command ~do ~action ~proxy remediate \
        ~bootstrap ~scaffold ~power quarantine isolate unquarantine

        make: generate gen ~produce synthesize synthesise ~draw ~design ~imagine ~animate ~dub ~sing ~narrate \
        upscale inpaint outpaint

        erase: delete dispose remove destroy erase purge wipe ~drop truncate ~flush ~empty clear ~clean cleanup prune expunge \
        shred discard del rm rmdir decommission deprovision eradicate obliterate ~nuke uncreate ~trash \
        ~void terminate ~forget rmtree

        pay: pay ~refund buy sell purchase withdraw ~swap ~stake unstake redelegate undelegate ~wire remit ~payout ~claim ~lend ~borrow repay \
        ~mint ~burn ~bridge ~trade ~tip donate ~charge liquidate ~disburse ~invest redeem airdrop \
        ~prepay ~topup ~bid ~bet zap
        """

    /// Words of other languages by what they do; no forms are made of them.
    static let foreign = """
        read: obter obtem obtenha listar lista liste buscar busca busque consultar consulta consulte pesquisar \
        pesquisa mostrar mostra exibir exibe ler retornar retorna recuperar recupera encontrar encontra visualizar \
        visualiza baixar baixa trazer traz localizar perguntar extrair extrai \
        obtener obtiene obten devuelve devolver muestra leer lee encuentra recuperar ver descargar descarga \
        conseguir consigue trae \
        obtenir obtient recuperer recupere lister afficher affiche rechercher recherche chercher cherche trouver \
        trouve lire renvoie retourne consulter telecharger telecharge interroger interroge \
        abrufen ruft holen holt suchen sucht anzeigen zeigt zeige listet auflisten finden findet lesen liest gibt \
        abfragen fragt laden ladt ermitteln ermittelt durchsuchen durchsucht herunterladen \
        получить получает получи получение получаем возвращает вернуть возврат список показать показывает поиск \
        искать ищет найти находит найди прочитать читает чтение просмотр просмотреть вывести выводит скачать \
        запросить запрашивает узнать извлечь извлекает извлечение отобразить \
        ottenere ottieni ottiene cercare cerca elenca elencare mostrare leggere legge recuperare recupera \
        ophalen haalt zoeken zoekt tonen toont pobierz pobiera wyszukaj wyswietl zwraca lista znajdz odczytaj \
        getir getirir listele listeler ara arar goster gosterir bul bulur okur dondurur getirme sorgula sorgular \
        hamtar hamta hamtning sok soker visar visa listar hent henter finner lay tim xem \
        otrzymaj ziska ziskat vrati zobrazi hae hakee etsi

        look: verificar verifica analisar analisa calcular calcula comparar compara validar valida converter converte \
        traduzir resumir avaliar \
        comprobar comprueba analizar analiza convertir convierte traducir traduce evaluar \
        verifier verifie analyser analyse calculer calcule comparer valider convertir traduire evaluer \
        prufen pruft analysieren analysiert berechnen berechnet vergleichen vergleicht validieren ubersetzen \
        konvertieren konvertiert bewerten \
        проверить проверяет проверка анализировать анализирует анализ проанализировать рассчитать рассчитывает \
        сравнить сравнивает оценить конвертировать преобразовать перевести вычислить посчитать подсчитать \
        calcolare confrontare tradurre hesapla hesaplar kontrol analiz karsilastir sprawdz oblicz berakna

        add: criar cria crie adicionar adiciona adicione inserir insere cadastrar cadastra registrar registra \
        registre agendar agenda salvar salva anexar anexa importar importa publicar incluir inclui gravar grava \
        duplicar clonar comentar \
        crear crea cree agregar agrega anadir anade insertar inserta guardar guarda subir sube programar anotar \
        creer cree creez ajouter ajoute inserer insere enregistrer enregistre importer televerser planifier \
        dupliquer joindre \
        erstellen erstellt erstelle anlegen legt hinzufugen fugt speichern speichert hochladen einfugen \
        importieren planen buchen kopieren \
        создать создает создаёт создай создание добавить добавляет добавь добавление сохранить сохраняет вставить \
        вставляет загрузить загрузка записать записывает зарегистрировать регистрация импортировать импорт \
        запланировать прикрепить копировать дублировать \
        creare crea aggiungere aggiungi aggiunge inserire salvare aanmaken toevoegen voegt utworz tworzy dodaj dodaje \
        zapisz olustur olusturur ekle ekler kaydet kaydeder yukle skapa skapar lagg opret tilfoj them

        change: atualizar atualiza atualize alterar altera editar edita modificar modifica mover move definir define \
        configurar configura renomear ativar ativa desativar desativa marcar marca fixar fixa desafixar desafixa \
        atribuir substituir arquivar cancelar cancela restaurar concluir fechar reabrir mudar trocar conectar \
        actualizar actualiza cambiar cambia establecer establece asignar asigna reemplazar archivar activar \
        desactivar renombrar completar cerrar \
        modifier modifie mettre changer change deplacer deplace definir definit configurer renommer \
        activer desactiver remplacer archiver annuler assigner fermer \
        aktualisieren aktualisiert andern andert bearbeiten bearbeitet setzen setzt verschieben verschiebt \
        umbenennen aktivieren deaktivieren ersetzen archivieren stornieren zuweisen schliessen \
        обновить обновляет обнови обновление изменить изменяет измени изменение редактировать редактирует \
        отредактировать установить устанавливает переместить перемещает перемещение \
        переименовать включить включает выключить отключить закрыть назначить назначает заменить \
        архивировать отменить восстановить настроить настраивает завершить закрепить открепить отметить \
        aggiornare aggiorna modificare spostare impostare bijwerken wijzigen verplaatsen zaktualizuj zmien edytuj \
        ustaw guncelle gunceller degistir degistirir duzenle ayarla uppdatera uppdaterar andra cap

        send: enviar envia envie notificar responder mandar encaminhar envoyer envoie repondre senden sendet \
        verschicken antworten отправить отправляет отправь отправка послать ответить уведомить опубликовать \
        publicar publica publier inviare invia verzenden wyslij gonder gonderir skicka skickar

        run: parar parado executar executa iniciar inicia inicie disparar dispara acionar rodar reiniciar abrir clicar \
        navegar implantar instalar \
        ejecutar ejecuta lanzar lanza detener detiene arrancar desplegar \
        executer execute lancer lance demarrer demarre arreter arrete redemarrer deployer cliquer \
        ausfuhren fuhrt starten startet stoppen stoppt anhalten neustarten offnen klicken installieren \
        выполнить выполняет выполни выполнение запустить запускает запуск остановить останавливает остановка \
        перезапустить перезагрузить вызвать вызывает нажать кликнуть развернуть открыть открывает \
        eseguire esegui avviare avvia uitvoeren starten uruchom wykonaj calistir calistirir baslat baslatir durdur \
        kor kora starta stoppa chay

        make: gerar gera generar genera generer genere generieren generiert erzeugen erzeugt сгенерировать \
        генерировать генерирует генерация generare genera genereren generuj uret uretir generera

        erase: excluir exclui exclua deletar deleta apagar apaga remover remova limpar limpa eliminar elimina \
        elimine borrar borra quitar quita vaciar supprimer supprime effacer efface vider detruire loschen loscht \
        losche entfernen entfernt leeren vernichten удалить удаляет удали удаление стереть очистить очищает очистка \
        уничтожить убрать eliminare elimina rimuovere cancella cancellare verwijderen verwijdert usun usuwa skasuj \
        sil siler silme kaldir kaldirir temizle radera raderar slet xoa

        pay: pagar reembolsar comprar compra vender payer rembourser acheter vendre bezahlen \
        zahlen uberweisen uberweist kaufen verkaufen erstatten оплатить оплачивает оплата заплатить купить покупка \
        продать списать pagare acquistare betalen kopen zaplac kup ode satinal
        """

    /// Chinese, Japanese and Korean, matched inside a run of signs, longest first.
    static let signs = """
        read: 获取 查询 搜索 检索 列出 查看 返回 读取 显示 查找 浏览 列表 下载 提取 抓取 爬取 获得 取得 查詢 搜尋 檢索 \
        顯示 獲取 讀取 取回 拉取 导出 展示 了解 统计 预览 提供 搜 查 推荐 热榜 热搜 \
        取得する 取得します 検索 一覧 表示 閲覧 参照 照会 調べ 読み取 読み込 抽出 返し 返す ダウンロード 確認 見つけ \
        조회 검색 가져오 가져옵 목록 확인 반환 보기 읽 찾 불러 제공 추출 다운로드 얻

        look: 分析 计算 检查 验证 比较 对比 转换 翻译 评估 解析 判断 校验 诊断 预测 識別 识别 测试 格式化 檢查 計算 轉換 \
        翻譯 對比 計算し チェック 検証 比較 変換 翻訳 要約 診断 評価 분석 계산 검증 비교 변환 번역 요약 진단 테스트 평가

        add: 创建 新建 新增 添加 增加 插入 上传 导入 保存 登记 注册 提交 录入 收藏 评论 订阅 追加 预约 记录 新增加 创立 \
        建立 建立新 創建 新增 添加 上傳 匯入 儲存 存储 写一篇 预订 \
        作成 追加 登録 保存 アップロード 投稿 インポート 挿入 予約 생성 추가 등록 저장 업로드 작성 삽입 만들 만듭 예약 게시 댓글

        change: 更新 修改 编辑 设置 变更 移动 重命名 启用 禁用 替换 调整 配置 合并 关闭 恢复 取消 归档 分配 标记 管理 \
        写入 修正 切换 登录 編輯 設定 變更 移動 重新命名 啟用 停用 連接 连接 覆盖 \
        更新 変更 編集 設定 移動 有効 無効 書き込 置換 切り替え 수정 업데이트 변경 편집 설정 이동 갱신 취소 활성화 비활성화 교체 관리 연결

        send: 发送 發送 发布 發布 推送 回复 转发 通知 发表 发帖 送信 送る 公開 通知 返信 전송 발송 보내 보냅 발행 답장 알림

        run: 执行 运行 启动 停止 重启 触发 调用 部署 安装 点击 打开 播放 暂停 拨打 执行命令 導航 导航 执行器 終止 終了 執行 \
        啟動 部署 訓練 训练 播放 控制 \
        実行 起動 停止 再起動 トリガー デプロイ インストール クリック 開始 再生 開く アクセスし 실행 시작 중지 정지 재시작 배포 설치 클릭 호출 재생 열기 열어

        make: 生成 制作 製作 绘制 画 合成 生成し 描画

        erase: 删除 移除 清空 清除 销毁 清理 擦除 刪除 移除 丢弃 释放 削除 消去 クリア 除去 삭제 제거 지우 비우 초기화

        pay: 支付 付款 转账 退款 购买 下单 提现 充值 买入 卖出 交易下单 兑换代币 轉帳 購買 支払 送金 返金 購入 売却 결제 송금 환불 구매 매수 매도 출금 이체
        """

    /// Words that say nothing about what a tool does when they stand before the verb.
    static let noise = """
        this the a an tool function endpoint api method command operation allows allow you your users user to used use \
        can be will for helper utility enables lets let helps help it that which please simple quickly easily \
        automatically securely premium experimental deprecated beta free mcp server ai agent agents llm assistant \
        safely asynchronously directly optionally also batch bulk multiple performs perform does do attempts \
        tries try attempt ability capability able when using uses wrapper wrapped simply just then \
        first step rpc pro paid admin internal async via with from in on at by of as and or is are make makes \
        making only one more all current currently specified given specific existing new \
        call calls need needs want wants advanced powerful comprehensive smart intelligent fast efficient secure main \
        primary important required recommended note warning caution interactively interactive programmatically handles \
        o os um uma uns para de do da dos das el la los las un una le les der die das ein eine einen den des du et \
        ferramenta herramienta outil werkzeug esta este ce cet cette permite permet инструмент этот для
        """

    /// Nouns a read gives back: where no verb is found they speak, softly, for reading.
    static let answers = """
        list info information details detail status statistics stats history overview summary results result metrics \
        metric price prices forecast weather data report reports metadata schema schemas documentation docs help \
        version health profile news count counts items types options properties attributes content contents text \
        usage logs quote quotes rates ranking rankings leaderboard trends trending headlines calendar schedule \
        definition definitions balance balances holdings positions orders transactions candles ticker tickers chart \
        analysis insights analytics similarity score scores distance time date lookup finder search recommendations \
        suggestions examples example guide tutorial index catalog directory tree structure hierarchy graph map
        """

    /// What the rules want to know of the thing a verb acts on.
    static let things = """
        money: payment payments money fund funds payout payouts refund refunds charge charges usd eth ether btc sol \
        usdc usdt sats satoshi lamports lightning erc20 erc721 crypto cryptocurrency coin coins withdrawal withdrawals \
        deposit deposits allowance spender wei gas nft nfts stablecoin liquidity paymentintent paymentintents tip \
        donation donations

        transaction: transaction transactions tx txn

        model: completion completions embedding embeddings inference

        knowledge: node nodes entity entities graph observations

        deal: order orders trade trades position positions shares stock stocks futures

        market: investment investments trade trading trader broker brokerage exchange stock stocks market markets \
        futures leverage crypto cryptocurrency perpetual forex equity equities defi dex blockchain ethereum solana \
        bitcoin wallet wallets onchain ledger evm financial

        link: label labels tag tags reaction reactions favorite favorites favourite favourites star stars like likes \
        bookmark bookmarks member members membership memberships collaborator collaborators assignee assignees \
        watcher watchers follower followers reviewer reviewers participant participants attendee attendees \
        association associations relation relations relationship relationships link links dependency dependencies \
        subscription subscriber subscribers pin pins vote votes filter filters alias role roles permission \
        permissions parent mapping mappings assignment assignments

        setting: setting settings config configuration preference preferences background formatting highlight \
        highlights selection cache caches console screen terminal whitelist allowlist blacklist watermark duplicates \
        formatting hover focus breakpoint breakpoints style styles context whitespace

        permission: permission permissions role roles policy policies acl iam access grant grants privilege \
        privileges credential credentials secret secrets password passwords apikey apikeys accesskey accesskeys \
        owner ownership admin administrator firewall collaborator collaborators sharing visibility scope scopes \
        securitygroup mfa sso

        secret: secret secrets password passwords credential credentials apikey apikeys privatekey mnemonic seed \
        accesskey accesskeys vault keychain

        media: image images picture pictures photo photos video videos audio speech music song songs voice meme \
        memes animation avatar avatars logo icon artwork 3d gif podcast sound soundtrack thumbnail sprite illustration

        code: sql code script scripts shell command commands javascript js python powershell bash program programs \
        snippet cypher lua applescript terminal kernel notebook macro macros statement statements graphql xcode cli eval

        outbound: email emails mail message messages sms tweet tweets post posts dm notification notifications \
        newsletter campaign invitation invitations webhook reply whatsapp

        machine: instance instances vm vms machine machines cluster clusters node nodes container containers pod \
        pods service services server job jobs workflow workflows pipeline pipelines deployment deployments build \
        builds process processes bot bots automation automations agent test tests suite

        text: query uuid guid text plan prompt idea ideas story content response answer name names random number \
        numbers tokens hash description summary report reports completion title titles lorem dummy fake sample id ids \
        outline explanation suggestions recommendations analysis overview documentation docs diagram diagrams chart \
        charts palette color colors slug template qr qrcode barcode markdown json yaml sql regex url link links \
        embedding embeddings structure architecture design plan spec specification definition palette tree map types schema insights thoughts hypotheses questions quiz signature

        from: from de von aus из depuis desde

        and: and or y e и или und oder et ou plus

        to: to

        question: can is are has have should does could was which what how why when where who whether

        readonly: readonly

        forgood: irreversible irreversibly permanently undone unrecoverable irrevocable irrevocably unrecoverably \
        permanentemente irreversivel irreversible definitivement unwiderruflich endgultig безвозвратно навсегда

        overwrite: overwrite overwrites overwritten overwriting sobrescreve sobrescrever uberschreibt

        soft: trash recoverable recovered soft archive archived recycle

        negation: not cannot never no without doesn isn don nao nicht не

        paper: paper testnet simulated simulation dry demo virtual sandboxed

        computing: number numbers integer integers float floats fraction fractions

        local: save saves saved disk local locally writes

        view: page pages screenshot browser tab url link element button key mouse keyboard form dialog

        store: database databases table tables collection collections bucket buckets disk volume volumes schema \
        keyspace repository repositories repo account project projects organization workspace namespace backup \
        backups snapshot snapshots domain tenant drive filesystem partition index indexes indices
        """

    /// Words after the verb of a name that are not its object.
    static let modifiers = """
        batch bulk many multiple all by async sync v1 v2 v3 id ids now one single new advanced simple tool api mcp \
        action command beta request operation
        """

    /// Two words that mean something together.
    static let phrases = """
        read: look up,find out,sign of,read only,pull requests,pull request,reads from,look for
        add: set up,check in,back up,sign up,clock in,add ons
        change: log in,sign in,log out,sign out,check out,opt out,opt in,turn into,clock out,mark as,switch to,\
        roll back,swap out,take over,check off
        run: turn on,turn off,power on,power off,shut down,switch on,switch off,start up,boot up,spin up,carry out,\
        drag and,drag drop,double click,right click,wake up
        erase: clean up,tear down,spin down,clear all,clear out
        send: reach out
        """

    /// Verbs that say nothing by themselves.
    static let vague = """
        manage manages managing handle handles handling perform performs operate operates process processes use uses \
        do control controls administer maintain maintains interact interacts work works call calls \
        action step provide provides orchestrate automate crud curate access accesses make makes delegate
        """

    /// Plain words of fetching.
    static let firm = """
        get gets list lists fetch fetches retrieve retrieves read reads search searches find finds show shows describe \
        describes count returns return lookup view views listing fetching retrieving searching whoami check checks \
        obter listar buscar consultar получить получает
        """

    /// Which verb a word is, for the few rules that name one.
    static let named = """
        create: create place make submit criar crear creer erstellen
        remove: remove remover eliminar quitar entfernen retirer
        cancel: cancel cancelar annuler отменить
        close: close
        approve: approve
        transfer: transfer
        query: query
        open: open
        deploy: deploy
        execute: execute run exec invoke perform executar ejecutar
        generate: generate
        clear: clear clean flush empty
        write: write save
        download: download export dump
        terminate: terminate kill
        get: get fetch retrieve
        update: update edit modify
        start: start trigger launch resume retry rerun replay
        test: test
        set: set
        call: call
        evaluate: evaluate eval
        install: install
        publish: publish
        share: share
        import: import ingest
        sign: sign broadcast
        switch: resolve unresolve lock unlock pin unpin mute unmute star unstar archive unarchive hide unhide mark pause \
        resume snooze acknowledge reopen follow unfollow reorder reprioritize connect subscribe dismiss like unlike \
        bookmark
        convert: convert transform render
        """
}
